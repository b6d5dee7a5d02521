import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { stringify } from 'yaml';
import { FactoryError, reasonOf } from '../../common/errors/factory-error.ts';
import { parsePublicKey } from '../../common/trust/public-key.ts';
import type { TrustSpec } from './signing.ts';

/** A file of a trust policy, by its name in the policy's directory. */
export interface PolicyFile {
  readonly name: string;
  readonly text: string;
}

/** Valid names of keys in a policy. */
const NAME = /^[\w-][\w.-]*$/;

/**
 * Renders the policy that a node enforces (docs/trust.md): `policy.yaml` and the validated public keys.
 * @throws FactoryError `usage` for an invalid key, and a threshold that cannot be reached
 */
export function renderPolicy(upgrade: NonNullable<TrustSpec['upgrade']>): PolicyFile[] {
  const keys = new Map<string, { readonly fingerprint: string; readonly text: string }>();
  const repositories = upgrade.map(({ match, keys: paths, threshold = 1, unsigned, ...entry }) => {
    if (unsigned) return { match, unsigned };
    const names = paths.map((path) => addKey(keys, path));
    const different = new Set(names.map((name) => keys.get(name)?.fingerprint)).size;
    if (threshold > different) {
      throw unusable(
        `the threshold of ${match} is ${threshold}, but the entry has ${different} different keys`,
      );
    }
    const { 'require-proof': events } = entry;
    const more = events === undefined ? {} : { 'require-proof': events };
    return { match, keys: names, ...(threshold > 1 ? { threshold } : {}), ...more };
  });
  const files = [...keys].map(([name, { text }]) => ({ name, text }));
  return [
    { name: 'policy.yaml', text: stringify({ repositories }, { lineWidth: 0 }) },
    ...files.sort((a, b) => (a.name < b.name ? -1 : 1)),
  ];
}

/** Adds a key under its file name, or a unique name if another key has that one. @returns the name */
function addKey(
  keys: Map<string, { readonly fingerprint: string; readonly text: string }>,
  path: string,
): string {
  const base = basename(path);
  if (!NAME.test(base) || /\.ya?ml$/.test(base))
    throw unusable(`${path}: the file name is not valid for a key of a policy`);
  let text: string;
  let fingerprint: string;
  try {
    text = readFileSync(path, 'utf8');
    fingerprint = parsePublicKey(base, text).fingerprint;
  } catch (error) {
    throw unusable(`${path}: ${reasonOf(error)}`);
  }
  const known = keys.get(base);
  const name = known && known.fingerprint !== fingerprint ? `${fingerprint.slice(0, 16)}-${base}` : base;
  if (!keys.has(name)) keys.set(name, { fingerprint, text });
  return name;
}

function unusable(problem: string): FactoryError {
  return new FactoryError('TRUST_CONFIG_INVALID', `trust.upgrade: ${problem}`, {
    remedy: 'Give files with one public key in PEM each, as "cosign generate-key-pair" writes them.',
  });
}
