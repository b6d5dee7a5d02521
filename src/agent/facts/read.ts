import { messageOf } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';

/**
 * The text of a file without the white space and the NUL bytes around it, as sysfs and the device tree have them;
 * `undefined` when it is empty, not there or, as the serial numbers of sysfs for users, not readable.
 */
export async function readFact(host: Host, path: string): Promise<string | undefined> {
  try {
    const text = await host.readText(path);
    return text?.replaceAll('\0', '').trim() || undefined;
  } catch (error) {
    host.log('debug', `${path}: ${messageOf(error)}`);
    return undefined;
  }
}

/** The last part of where a link points to. */
export async function readLinkName(host: Host, path: string): Promise<string | undefined> {
  return (await readLinkTarget(host, path))?.split('/').at(-1);
}

/** Where a link points to; `undefined` when it is none. */
export async function readLinkTarget(host: Host, path: string): Promise<string | undefined> {
  try {
    return await host.readLink(path);
  } catch {
    return undefined;
  }
}

/** The whole number that a text is. */
export function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** A group of facts without those that are missing. */
export function present<T extends object>(facts: { [K in keyof T]: T[K] | undefined }): T {
  // What is left out may be left out: all facts are optional.
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as T;
}
