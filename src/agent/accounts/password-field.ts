import { sha512Crypt } from './sha512-crypt.ts';

/** Admits no password, while SSH keys work: sshd takes `!` for a locked account (sshd(8), crypt(5)). */
const NO_PASSWORD = '*';
/** A hash of crypt(5), whatever the method. */
const HASH = /^\$[a-z0-9-]{1,12}\$[A-Za-z0-9./$=,+-]+$/;

/** What is asked of a password field. */
export interface PasswordRequest {
  /** A hash, or the password itself; without it the field stays. */
  readonly password?: string;
  readonly locked: boolean;
}

/**
 * The password field of shadow(5). A password that the current field is a hash of keeps that hash, so that a boot does
 * not change the file; any other is hashed with a new salt. A lock is the prefix `!` (passwd(1), `--lock`).
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
  // Fields that no password matches may stand for one in configurations too.
  if (HASH.test(password.replace(/^!/, '')) || /^[!*]{1,2}$/.test(password)) return password;
  const old = current?.replace(/^!/, '');
  if (old?.startsWith('$6$') && sha512Crypt(password, old) === old) return old;
  return sha512Crypt(password, salt());
}
