import { messageOf } from '../../errors/factory-error.ts';
import type { BootState } from '../config/boot-state.ts';
import type { Host } from '../host/host.ts';
import { CONFEXT, type ExtensionKind, SYSEXT, scopesOf } from './kinds.ts';

/**
 * Puts the extensions that are enabled for what was booted where systemd looks, and has them merged; to be called at boot
 * (contract 2.7). Where none is enabled nothing runs. A kind that fails is logged and does not keep the other from working.
 *
 * @returns paths of the links that were made
 */
export async function linkExtensions(host: Host, state: BootState): Promise<string[]> {
  const links: string[] = [];
  for (const kind of [SYSEXT, CONFEXT]) {
    try {
      const made = await linkKind(host, kind, state);
      if (made.length > 0) await refresh(host, kind);
      links.push(...made);
    } catch (error) {
      host.log('error', `${kind.name}: ${messageOf(error)}`);
    }
  }
  return links;
}

/** Links one kind; the scope of the state comes before `common`. */
async function linkKind(host: Host, kind: ExtensionKind, state: BootState): Promise<string[]> {
  const made = new Map<string, string>();
  for (const scope of scopesOf(state)) {
    for (const name of await host.list(`${kind.store}/${scope}`)) {
      const target = `${kind.store}/${scope}/${name}`;
      if (made.has(name)) continue;
      if ((await host.stat(target)) === undefined)
        host.log('warn', `${target} leads nowhere, and is left out`);
      else made.set(name, target);
    }
  }
  for (const [name, target] of made) await host.link(target, `${kind.run}/${name}`);
  return [...made.keys()].map((name) => `${kind.run}/${name}`);
}

/** Makes systemd merge what is linked now. @throws FactoryError `tool` when the image lacks the program, `step` when it fails */
export async function refresh(host: Host, kind: ExtensionKind): Promise<void> {
  await host.run(kind.program, ['refresh']);
}
