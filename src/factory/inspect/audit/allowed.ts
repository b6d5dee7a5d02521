import type { Audit } from '../../config/audit.ts';
import type { Finding, SecretKind } from './secret-kinds.ts';

/** Keys that distributions ship on purpose: every copy of the package contains them, so they are not secret. */
const PUBLISHED: readonly { readonly path: string; readonly kind: SecretKind; readonly reason: string }[] = [
  { path: '/usr/lib/**/libgnutls.so*', kind: 'private-key', reason: 'keys of its self-tests' },
  { path: '/usr/lib64/libgnutls.so*', kind: 'private-key', reason: 'keys of its self-tests' },
  { path: '/usr/lib*/python3*/test/**', kind: 'private-key', reason: "keys of Python's own tests" },
  { path: '/usr/lib*/python3*/**/tests/**', kind: 'private-key', reason: 'keys of tests of Python packages' },
  { path: '/usr/share/doc/**/examples/**', kind: 'private-key', reason: 'keys of documented examples' },
];

/** The prefix of paths inside an initramfs. */
const INITRAMFS_NAME = /^\/boot\/[^/:]+:/;

/** Returns the findings that neither the configuration nor the list of published keys allows, sorted by path. */
export function notAllowed(findings: readonly Finding[], allow: Audit['allow']): Finding[] {
  const allowed = allow.map(({ path }) => pattern(path));
  const published = PUBLISHED.map(({ path, kind }) => ({ pattern: pattern(path), kind }));
  return findings
    .filter(({ path }) => !allowed.some((one) => one.test(path)))
    .filter(
      ({ path, kind }) =>
        !published.some((one) => one.kind === kind && one.pattern.test(path.replace(INITRAMFS_NAME, ''))),
    )
    .sort((a, b) => (`${a.path} ${a.kind}` < `${b.path} ${b.kind}` ? -1 : 1));
}

/** Compiles a glob: `**` matches any path, `*` matches within one name, everything else matches literally. */
function pattern(glob: string): RegExp {
  const source = glob
    .split(/(\*\*\/?|\*)/)
    .map((part) => {
      if (part === '**') return '.*';
      if (part === '**/') return '(?:.*/)?';
      return part === '*' ? '[^/]*' : part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&');
    })
    .join('');
  return new RegExp(`^${source}$`);
}

/** The list of published keys, for cache keys. */
export const PUBLISHED_KEYS: unknown = PUBLISHED;
