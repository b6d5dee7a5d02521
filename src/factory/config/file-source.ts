import { basename } from 'node:path';

/** Whether a text names something on the network. */
export function isUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/** The last part of a path or address; empty where there is none. */
export function nameOf(source: string): string {
  if (!isUrl(source)) return basename(source);
  const path = URL.parse(source)?.pathname ?? '';
  try {
    return basename(decodeURIComponent(path));
  } catch {
    // A stray percent sign stands for itself.
    return basename(path);
  }
}
