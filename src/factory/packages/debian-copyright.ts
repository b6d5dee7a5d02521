import { parseControl } from './control-paragraphs.ts';
import { statements } from './installed-package.ts';

/** What `/usr/share/common-licenses` has, as older copyright files refer to it (Debian Policy, 12.5). */
const COMMON = /\/usr\/share\/common-licenses\/([A-Za-z0-9][A-Za-z0-9.+-]*)/g;

/**
 * The licences that a Debian copyright file names.
 *
 * A machine-readable one (copyright-format/1.0, known as DEP-5) has them as the first lines of its `License` fields: short
 * names joined by `and` and `or`, such as `GPL-2+ or Expat`. Of one in free text we take the common licences that it refers to,
 * and nothing more: what is not sure is left out.
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
