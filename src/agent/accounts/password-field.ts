import { sha512Crypt } from './sha512-crypt.ts';

/** Matches no password but allows SSH keys; sshd treats `!` as a locked account (sshd(8), crypt(5)). */
const NO_PASSWORD = '*';
/** A crypt(5) hash of any method. */
const HASH = /^\$[a-z0-9-]{1,12}\$[A-Za-z0-9./$=,+-]+$/;

/** The requested password and lock of an account. */
export interface PasswordRequest {
  /** A hash, or the password in the clear; when absent, the current field stays. */
  readonly password?: string;
  readonly locked: boolean;
}

/**
 * The password field of shadow(5). When the current field is a hash of the password, it stays, so that a boot does not
 * change the file; any other password is hashed with a new salt. A lock is the prefix `!` (passwd(1), `--lock`).
 */
export function passwordField(
  request: PasswordRequest,
  current: string | undefined,
  salt: () => string,
): string {
  const open = request.password === undefined ? current : hashOf(request.password, current, salt);
  if (open === undefined) return NO_PASSWORD;
  return request.locked && !/^[!*]/.test(open) ? `!${open}` : open;
}

function hashOf(password: string, current: string | undefined, salt: () => string): string {
  // Configurations may also use fields that match no password, such as "*" and "!".
  if (HASH.test(password.replace(/^!/, '')) || /^[!*]{1,2}$/.test(password)) return password;
  const old = current?.replace(/^!/, '');
  if (old?.startsWith('$6$') && sha512Crypt(password, old) === old) return old;
  return sha512Crypt(password, salt());
}
