import { basename } from 'node:path';

/** Whether a text is an HTTP or HTTPS URL. */
export function isUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/** The last component of a path or URL; empty if there is none. */
export function nameOf(source: string): string {
  if (!isUrl(source)) return basename(source);
  const path = URL.parse(source)?.pathname ?? '';
  try {
    return basename(decodeURIComponent(path));
  } catch {
    // A stray percent sign is literal.
    return basename(path);
  }
}
