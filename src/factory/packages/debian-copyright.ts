import { parseControl } from './control-paragraphs.ts';
import { statements } from './installed-package.ts';

/** A reference of an older copyright file to a text in `/usr/share/common-licenses` (Debian Policy, 12.5). */
const COMMON = /\/usr\/share\/common-licenses\/([A-Za-z0-9][A-Za-z0-9.+-]*)/g;

/**
 * Returns the licences that a Debian copyright file names.
 *
 * In a machine-readable file (copyright-format/1.0, known as DEP-5) they are the first lines of the `License` fields: short
 * names joined by `and` and `or`, such as `GPL-2+ or Expat`. From free text we take the common licences that it refers to
 * and do not guess others.
 */
export function copyrightLicences(text: string): string[] {
  const [header, ...rest] = parseControl(text);
  const format = header?.get('format') ?? header?.get('format-specification') ?? '';
  if (/copyright-format|\bdep-?5\b/i.test(format)) {
    const synopses = [header, ...rest].map((paragraph) => paragraph?.get('license')?.split('\n')[0] ?? '');
    const found = statements(synopses);
    if (found.length > 0) return found;
  }
  return statements([...text.matchAll(COMMON)].map(([, name = '']) => name.replace(/[.+-]+$/, '')));
}
