import { type ExtensionKind, SCOPES, type Scope, scopesOf } from '../../common/contract/extension-kinds.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { bootState } from '../config/boot-state.ts';
import { refresh, unmerged } from './link-extensions.ts';

/** An extension of the store. */
export interface StoredExtension {
  /** File name, such as `tools.raw`; a tree has no suffix. */
  readonly name: string;
  readonly scopes: readonly Scope[];
}

/** All that is in the store, and what for. */
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
 * The name in full of an extension that is called by it or by its beginning: `tools` for `tools.raw`.
 * @throws FactoryError `usage` when there is none, or more than one
 */
export async function findExtension(host: Host, kind: ExtensionKind, name: string): Promise<string> {
  const names = (await listExtensions(host, kind)).map((extension) => extension.name);
  if (names.includes(name)) return name;
  const matching = names.filter((each) => each.startsWith(`${name}.`) && each.endsWith('.raw'));
  const [found] = matching;
  if (found !== undefined && matching.length === 1) return found;
  const what =
    matching.length > 1 ? `${name} can be ${matching.join(' or ')}` : `there is no ${kind.name} ${name}`;
  throw new FactoryError('EXTENSION_NOT_FOUND', what, {
    remedy: `Choose one that "kairos-agent ${kind.name} list" shows, or install it first.`,
  });
}

/** Enables a stored extension for scopes, from the next boot on. */
export async function enableExtension(
  host: Host,
  { store }: ExtensionKind,
  name: string,
  scopes: readonly Scope[],
): Promise<void> {
  if ((await host.stat(`${store}/${name}`)) === undefined) {
    throw new FactoryError('EXTENSION_NOT_FOUND', `${store}/${name} is not there`, {
      remedy: 'Install the extension again.',
    });
  }
  for (const scope of scopes) {
    const place = `${store}/${scope}/${name}`;
    await host.remove(place);
    // Relative, so that it leads to the same place while the store is mounted elsewhere.
    await host.link(`../${name}`, place);
  }
}

/** The opposite; fine where it is not enabled. */
export async function disableExtension(
  host: Host,
  { store }: ExtensionKind,
  name: string,
  scopes: readonly Scope[],
): Promise<void> {
  for (const scope of scopes) await host.remove(`${store}/${scope}/${name}`);
}

/** Takes an extension out of the store and of all scopes. */
export async function removeExtension(host: Host, kind: ExtensionKind, name: string): Promise<void> {
  await disableExtension(host, kind, name, SCOPES);
  await host.remove(`${kind.store}/${name}`);
}

/**
 * Makes the running system follow: an extension that is enabled for it is merged, another one is not.
 * @throws FactoryError `tool` or `step` of systemd's program, `step` too when it did not merge the extension
 */
export async function applyNow(host: Host, kind: ExtensionKind, name: string): Promise<void> {
  const extension = (await listExtensions(host, kind)).find((each) => each.name === name);
  const scope = scopesOf(await bootState(host)).find((each) => extension?.scopes.includes(each));
  if (scope !== undefined) await host.link(`${kind.store}/${scope}/${name}`, `${kind.run}/${name}`);
  else {
    if (extension && extension.scopes.length > 0) {
      host.log('warn', `${name} is enabled for ${extension.scopes.join(', ')}, which this system is not`);
    }
    await host.remove(`${kind.run}/${name}`);
  }
  const messages = await refresh(host, kind);
  if (scope === undefined || (await unmerged(host, kind, [name])).length === 0) return;
  throw new FactoryError('EXTENSION_NOT_MERGED', `${name} was not merged`, {
    details: messages.split('\n').filter(Boolean),
    remedy: `Check that it is for this system, and that its key is known: "SYSTEMD_LOG_LEVEL=debug ${kind.program} refresh".`,
  });
}

function isScope(name: string): boolean {
  return SCOPES.some((scope) => scope === name);
}
