import type { Credentials } from '../../../common/oci/registry/credentials.ts';
import type { Needles } from './scan-content.ts';

/** Shorter values occur in many files by chance. */
const SHORTEST = 8;
/** Minimum length for variables, which may be unrelated to this build and as common as `postgres`. */
const SHORTEST_VARIABLE = 16;
/** Names of variables that contain secrets, by their last part. */
const SECRET_NAME =
  /(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|API_?KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIALS?)$/i;

/** Sources of a build's credentials. */
export interface CredentialSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Credentials for the registries of its images. */
  readonly registries: readonly Credentials[];
  /** URLs from its configuration, such as a mirror's. */
  readonly urls: readonly string[];
}

/**
 * Returns the values of a build's own credentials, in every form in which they end up in files: plain, percent-encoded,
 * and as the base64 of `user:password`. They are only searched for and never shown.
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
    // A path is not a secret.
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
