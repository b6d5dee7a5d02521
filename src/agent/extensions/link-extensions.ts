import { z } from 'zod';
import type { BootState } from '../../common/contract/boot-state.ts';
import { CONFEXT, type ExtensionKind, SYSEXT, scopesOf } from '../../common/contract/extension-kinds.ts';
import { messageOf } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';

/**
 * Links the extensions that are enabled for the booted system into systemd's directories and merges them; called at boot
 * (docs/contract.md 2.7). Runs nothing if none is enabled. A failure of one kind is logged and does not affect the other.
 *
 * @returns paths of the new links
 */
export async function linkExtensions(host: Host, state: BootState): Promise<string[]> {
  const links: string[] = [];
  for (const kind of [SYSEXT, CONFEXT]) {
    try {
      const made = await linkKind(host, kind, state);
      if (made.length > 0) {
        const messages = await refresh(host, kind);
        for (const name of await unmerged(host, kind, made.map(fileName)))
          host.log('error', `${kind.name}: ${name} was not merged: ${messages}`);
      }
      links.push(...made);
    } catch (error) {
      host.log('error', `${kind.name}: ${messageOf(error)}`);
    }
  }
  return links;
}

/** Links the extensions of one kind; the scope of the boot state takes precedence over `common`. */
async function linkKind(host: Host, kind: ExtensionKind, state: BootState): Promise<string[]> {
  const made = new Map<string, string>();
  for (const scope of scopesOf(state)) {
    for (const name of await host.list(`${kind.store}/${scope}`)) {
      const target = `${kind.store}/${scope}/${name}`;
      if (made.has(name)) continue;
      if ((await host.stat(target)) === undefined)
        host.log('warn', `${target} is a dangling link; skipping it`);
      else made.set(name, target);
    }
  }
  for (const [name, target] of made) await host.link(target, `${kind.run}/${name}`);
  return [...made.keys()].map((name) => `${kind.run}/${name}`);
}

/**
 * Makes systemd merge the linked extensions into those directories of the contract that exist.
 * @returns the messages of systemd
 * @throws FactoryError `tool` when the image lacks the program, `step` when it fails
 */
export async function refresh(host: Host, kind: ExtensionKind): Promise<string> {
  const { stderr } = await host.run(kind.program, ['refresh'], { env: await environment(host, kind) });
  return stderr.trim();
}

/** The output of `status`, per directory. */
const Status = z.array(z.looseObject({ extensions: z.union([z.array(z.string()), z.string()]) }));

/**
 * Finds the extensions that are not merged. The exit status does not show this: systemd 252 succeeds even when it merged
 * none, for example because the key of a signature is unknown.
 * @param names file names, such as `tools.sysext.raw`
 * @returns those of `names` that are not merged
 */
export async function unmerged(host: Host, kind: ExtensionKind, names: readonly string[]): Promise<string[]> {
  const options = { env: await environment(host, kind), allowFailure: true };
  const { stdout } = await host.run(kind.program, ['status', '--json=short'], options);
  const status = Status.safeParse(parsed(stdout));
  // Unreadable output does not prove a failure.
  if (!status.success) return [];
  const merged = new Set(status.data.flatMap(({ extensions }) => extensions));
  // systemd 257 drops ".sysext" from the name, 252 does not.
  return names.filter((name) => {
    const full = name.replace(/\.raw$/, '');
    return !merged.has(full) && !merged.has(full.replace(/\.(?:sysext|confext)$/, ''));
  });
}

async function environment(host: Host, { hierarchies }: ExtensionKind): Promise<Record<string, string>> {
  if (hierarchies === undefined) return {};
  const stats = await Promise.all(hierarchies.paths.map((path) => host.stat(path, { follow: false })));
  const there = hierarchies.paths.filter((_, index) => stats[index]?.kind === 'directory');
  return there.length === 0 ? {} : { [hierarchies.variable]: there.join(':') };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
