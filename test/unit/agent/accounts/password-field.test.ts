import { expect, test } from 'vitest';
import { passwordField } from '../../../../src/agent/accounts/password-field.ts';
import { sha512Crypt } from '../../../../src/agent/accounts/sha512-crypt.ts';

const salt = () => 'fresh';
const HASH = sha512Crypt('secret', 'old');
const YESCRYPT = '$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7';
const field = (password: string | undefined, locked: boolean, current?: string) =>
  passwordField({ ...(password === undefined ? {} : { password }), locked }, current, salt);

test.each([
  ['no password on a new account', field(undefined, false), '*'],
  ['a locked new account without a password', field(undefined, true), '*'],
  ['no request keeps the field', field(undefined, false, '!'), '!'],
  ['a lock is prefixed to the field', field(undefined, true, HASH), `!${HASH}`],
  ['a lock closes an empty field', field(undefined, true, ''), '!'],
  ['a lock is not repeated', field(undefined, true, `!${HASH}`), `!${HASH}`],
  ['a hash is used unchanged', field(YESCRYPT, false, HASH), YESCRYPT],
  [
    'a bcrypt hash is used unchanged',
    field('$2b$10$abcdefghijklmnopqrstuv', false),
    '$2b$10$abcdefghijklmnopqrstuv',
  ],
  ['a hash with a lock', field(YESCRYPT, true), `!${YESCRYPT}`],
  ['a locked hash', field(`!${YESCRYPT}`, true), `!${YESCRYPT}`],
  ['a field that matches no password', field('*', false, HASH), '*'],
  ['a password is hashed', field('secret', false), sha512Crypt('secret', 'fresh')],
  ['the hash of the same password is kept', field('secret', false, HASH), HASH],
  ['the locked hash of the same password is kept', field('secret', true, `!${HASH}`), `!${HASH}`],
  ['a different password is hashed again', field('other', false, HASH), sha512Crypt('other', 'fresh')],
  ['a password that resembles a hash is hashed', field('$5 is $5', false), sha512Crypt('$5 is $5', 'fresh')],
])('%s', (_, actual, expected) => {
  expect(actual).toBe(expected);
});
