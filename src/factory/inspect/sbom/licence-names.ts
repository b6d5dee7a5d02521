import deprecated from 'spdx-license-ids/deprecated.json' with { type: 'json' };
import current from 'spdx-license-ids/index.json' with { type: 'json' };

/** The identifiers of the SPDX licence list by their lower-case form, because packages vary in case. */
const IDENTIFIERS: ReadonlyMap<string, string> = new Map(
  [...deprecated, ...current].map((id) => [id.toLowerCase(), id]),
);

/**
 * Names that distributions use for a licence of the SPDX list, in lower case. Only unambiguous names are listed (Debian:
 * copyright-format/1.0, "License specification"; Fedora: the short names before its change to SPDX). `BSD`, `GPL` and
 * `public-domain` can mean several texts and are omitted.
 */
const SYNONYMS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    expat: 'MIT',
    'apache-2': 'Apache-2.0',
    'apache 2.0': 'Apache-2.0',
    'asl 2.0': 'Apache-2.0',
    'asl 1.1': 'Apache-1.1',
    'sil-1.1': 'OFL-1.1',
    'sil-ofl-1.1': 'OFL-1.1',
    'psf-2': 'PSF-2.0',
    cc0: 'CC0-1.0',
    'mpl-1.1': 'MPL-1.1',
    'mplv1.1': 'MPL-1.1',
    'mplv2.0': 'MPL-2.0',
    boost: 'BSL-1.0',
    'boost-1.0': 'BSL-1.0',
    'cddl-1': 'CDDL-1.0',
    'epl-1': 'EPL-1.0',
    'wtfpl-2': 'WTFPL',
    unlicense: 'Unlicense',
    'bsd-4-clause-uc': 'BSD-4-Clause-UC',
  }),
);

/** `GPL-2+`, `LGPL-2.1`, `AGPL-3.0+`, `GPLv2+`, and the documentation licence with its variant without invariant sections. */
const GNU = /^(a|l)?gpl(?:-|v)(\d)(?:\.(\d))?(\+)?$|^gfdl-(niv-)?(\d)\.(\d)(\+)?$/;

/** Returns the SPDX identifier for a name; `undefined` when there is none or the name is ambiguous. */
export function licenceIdentifier(name: string): string | undefined {
  const lower = name.toLowerCase();
  return gnuIdentifier(lower) ?? SYNONYMS.get(lower) ?? IDENTIFIERS.get(lower);
}

function gnuIdentifier(lower: string): string | undefined {
  const match = GNU.exec(lower);
  if (match === null) return undefined;
  const [, letter = '', major, minor = '0', later, invariants, documentMajor, documentMinor, documentLater] =
    match;
  const suffix = later || documentLater ? 'or-later' : 'only';
  const id =
    documentMajor === undefined
      ? `${letter.toUpperCase()}GPL-${major}.${minor}-${suffix}`
      : `GFDL-${documentMajor}.${documentMinor}-${invariants ? 'no-invariants-' : ''}${suffix}`;
  return IDENTIFIERS.get(id.toLowerCase());
}
