import { existsSync, type Stats, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * The reference of a file or directory that a text without a prefix names, such as `dir:./rootfs`.
 * @returns `undefined` when there is no such path, or the text cannot be one: it is too long, or leads through a file
 */
export function localReference(text: string, directory: string): string | undefined {
  const path = resolve(directory, text);
  const stats = text === '' ? undefined : statsOf(path);
  if (stats === undefined) return undefined;
  const shown = /^[./~]/.test(text) ? text : `./${text}`;
  if (!stats.isDirectory()) return `tar:${shown}`;
  return existsSync(join(path, 'oci-layout')) || existsSync(join(path, 'index.json'))
    ? `oci:${shown}`
    : `dir:${shown}`;
}

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}
