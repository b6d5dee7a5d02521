import { type ExtensionKind, SCOPES, type Scope, scopesOf } from '../../common/contract/extension-kinds.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { bootState } from '../config/boot-state.ts';
import { refresh, unmerged } from './link-extensions.ts';

/** An extension in the store. */
export interface StoredExtension {
  /** File name, such as `tools.raw`; a tree has no suffix. */
  readonly name: string;
  readonly scopes: readonly Scope[];
}

/** Lists the stored extensions and the scopes that each is enabled for, sorted by name. */
export async function listExtensions(host: Host, { store }: ExtensionKind): Promise<StoredExtension[]> {
  const enabled = await Promise.all(
    SCOPES.map(async (scope) => [scope, await host.list(`${store}/${scope}`)] as const),
  );
  const inScopes = enabled.flatMap(([, names]) => names);
  const others = (await host.list(store)).filter((name) => !isScope(name) && !name.startsWith('.'));
  return [...new Set([...others, ...inScopes])].sort().map((name) => ({
    name,
    scopes: enabled.flatMap(([scope, names]) => (names.includes(name) ? [scope] : [])),
  }));
}

/**
 * Finds the file name of a stored extension by that name, or by the part before a suffix: `tools` for `tools.raw`.
 * @throws FactoryError `usage` when no extension or more than one matches
 */
export async function findExtension(host: Host, kind: ExtensionKind, name: string): Promise<string> {
  const names = (await listExtensions(host, kind)).map((extension) => extension.name);
  if (names.includes(name)) return name;
  const matching = names.filter((each) => each.startsWith(`${name}.`) && each.endsWith('.raw'));
  const [found] = matching;
  if (found !== undefined && matching.length === 1) return found;
  const what =
    matching.length > 1
      ? `${name} is ambiguous: ${matching.join(' or ')}`
      : `the ${kind.name} ${name} does not exist`;
  throw new FactoryError('EXTENSION_NOT_FOUND', what, {
    remedy: `Use a name from "kairos-agent ${kind.name} list", or install the extension first.`,
  });
}

/** Enables a stored extension from the next boot on. @throws FactoryError `usage` when it is not in the store */
export async function enableExtension(
  host: Host,
  { store }: ExtensionKind,
  { name, scopes }: StoredExtension,
): Promise<void> {
  if ((await host.stat(`${store}/${name}`)) === undefined) {
    throw new FactoryError('EXTENSION_NOT_FOUND', `${store}/${name} does not exist`, {
      remedy: 'Install the extension again.',
    });
  }
  for (const scope of scopes) {
    const place = `${store}/${scope}/${name}`;
    await host.remove(place);
    // Relative, so that the link stays valid when the store is mounted elsewhere.
    await host.link(`../${name}`, place);
  }
}

/** Disables an extension from the next boot on; scopes that it is not enabled for are ignored. */
export async function disableExtension(
  host: Host,
  { store }: ExtensionKind,
  { name, scopes }: StoredExtension,
): Promise<void> {
  for (const scope of scopes) await host.remove(`${store}/${scope}/${name}`);
}

/** Removes an extension from the store and from all scopes. */
export async function removeExtension(host: Host, kind: ExtensionKind, name: string): Promise<void> {
  await disableExtension(host, kind, { name, scopes: SCOPES });
  await host.remove(`${kind.store}/${name}`);
}

/**
 * Applies the state of an extension to the running system: merges it if it is enabled for this system, and removes it
 * otherwise.
 * @throws FactoryError `tool` or `step` of systemd's program, and `step` when it did not merge the extension
 */
export async function applyNow(host: Host, kind: ExtensionKind, name: string): Promise<void> {
  const extension = (await listExtensions(host, kind)).find((each) => each.name === name);
  const scope = scopesOf(await bootState(host)).find((each) => extension?.scopes.includes(each));
  if (scope !== undefined) await host.link(`${kind.store}/${scope}/${name}`, `${kind.run}/${name}`);
  else {
    if (extension && extension.scopes.length > 0) {
      host.log(
        'warn',
        `${name} is enabled only for ${extension.scopes.join(', ')}, not for the running system`,
      );
    }
    await host.remove(`${kind.run}/${name}`);
  }
  const messages = await refresh(host, kind);
  if (scope === undefined || (await unmerged(host, kind, [name])).length === 0) return;
  throw new FactoryError('EXTENSION_NOT_MERGED', `${name} was not merged`, {
    details: messages.split('\n').filter(Boolean),
    remedy: `Check that it fits this system and that its signing key is trusted: "SYSTEMD_LOG_LEVEL=debug ${kind.program} refresh".`,
  });
}

function isScope(name: string): boolean {
  return SCOPES.some((scope) => scope === name);
}
