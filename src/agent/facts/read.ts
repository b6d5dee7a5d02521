import { reasonOf } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';

/**
 * Reads a file of sysfs or the device tree, without NUL bytes and surrounding white space; `undefined` when it is empty,
 * missing or unreadable, like the serial numbers in sysfs for ordinary users.
 */
export async function readFact(host: Host, path: string): Promise<string | undefined> {
  try {
    const text = await host.readText(path);
    return text?.replaceAll('\0', '').trim() || undefined;
  } catch (error) {
    host.log('debug', `${path}: ${reasonOf(error)}`);
    return undefined;
  }
}

/** The last component of a link's target; `undefined` when the path is not a link. */
export async function readLinkName(host: Host, path: string): Promise<string | undefined> {
  return (await readLinkTarget(host, path))?.split('/').at(-1);
}

/** The target of a link; `undefined` when the path is not a link. */
export async function readLinkTarget(host: Host, path: string): Promise<string | undefined> {
  try {
    return await host.readLink(path);
  } catch {
    return undefined;
  }
}

/** Parses a non-negative integer; `undefined` for other text. */
export function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Removes the unknown facts from a group. */
export function present<T extends object>(facts: { [K in keyof T]: T[K] | undefined }): T {
  // All facts are optional, so T stays satisfied.
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as T;
}
