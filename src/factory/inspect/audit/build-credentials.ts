import type { Credentials } from '../../../common/oci/registry/credentials.ts';
import type { Needles } from './scan-content.ts';

/** Shorter values stand in many files by chance. */
const SHORTEST = 8;
/** Of variables, which may be for something else than this build, and as common as `postgres`. */
const SHORTEST_VARIABLE = 16;
/** Variables that hold secrets, by the last part of their names. */
const SECRET_NAME =
  /(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|API_?KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIALS?)$/i;

/** Where a build has credentials from. */
export interface CredentialSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For the registries of its images. */
  readonly registries: readonly Credentials[];
  /** Addresses that it was told, such as a mirror's. */
  readonly urls: readonly string[];
}

/**
 * The values of a build's own credentials, in the forms in which they get into files: as they are, percent-encoded, and as
 * the base64 of `user:password`. They are compared with, and never shown.
 */
export function credentialNeedles({ env, registries, urls }: CredentialSources): Needles {
  const values = new Set<string>();
  const addPair = (username: string, password: string) => {
    if (password.length < SHORTEST) return;
    values.add(password);
    values.add(encodeURIComponent(password));
    values.add(Buffer.from(`${username}:${password}`).toString('base64'));
  };
  const addUrl = (text: string) => {
    if (!URL.canParse(text)) return;
    const { username, password } = new URL(text);
    addPair(decode(username), decode(password));
  };
  for (const [name, value = ''] of Object.entries(env)) {
    // A path names a file, and is no secret.
    if (SECRET_NAME.test(name) && value.length >= SHORTEST_VARIABLE && !value.startsWith('/'))
      values.add(value);
    if (/_proxy$/i.test(name)) addUrl(value);
  }
  for (const found of registries) {
    if (found.kind === 'password') addPair(found.username, found.password);
    else if (found.token.length >= SHORTEST) values.add(found.token);
  }
  for (const url of urls) addUrl(url);
  return [...values].sort().map((value) => Buffer.from(value));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
