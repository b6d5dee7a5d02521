import { describe, expect, test } from 'vitest';
import { examineCloudConfig } from '../../../../src/common/cloud-config/validate.ts';

/** A whole Ed25519 key: two fields, of 11 and of 32 bytes. */
const field = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
const DATA = Buffer.concat([field(Buffer.from('ssh-ed25519')), field(Buffer.alloc(32, 7))]).toString(
  'base64',
);
const KEY = `ssh-ed25519 ${DATA} ann@host`;

const warnings = (yaml: string) =>
  examineCloudConfig('c.yaml', `#cloud-config\n${yaml}`).map(
    ({ severity, place, message }) => `${severity} ${place} ${message}`,
  );

describe('an administrator without any credential', () => {
  test('is warned of, wherever the account is', () => {
    expect(warnings('users: [{ name: ann, groups: [admin] }]')).toEqual([
      expect.stringMatching(
        /^warning c\.yaml:2:9 the administrator ann has neither a password nor an SSH key/,
      ),
    ]);
    expect(warnings('stages: { boot: [{ users: { ann: { groups: [admin] } } }] }')).toEqual([
      expect.stringMatching(/the administrator ann has neither/),
    ]);
    expect(warnings('users: [{ name: ann, groups: [admin], passwd: "!" }]')).toHaveLength(1);
  });

  test.each([
    `users: [{ name: ann, groups: [admin], ssh_authorized_keys: ["${KEY}"] }]`,
    'users: [{ name: ann, groups: [admin], ssh_authorized_keys: ["github:ann"] }]',
    'users: [{ name: ann, groups: [admin], passwd: "$6$salt$hash" }]',
    'users: [{ name: ann, groups: [users] }]',
    `users: [{ name: ann, groups: [admin] }]\nssh_authorized_keys: ["${KEY}"]`,
    `users: [{ name: ann, groups: [admin] }]\nstages: { boot: [{ authorized_keys: { ann: ["${KEY}"] } }] }`,
    'users: [{ name: ann, groups: [admin] }]\nconfig_url: https://example.com/',
  ])('is not seen in %s', (yaml) => {
    expect(warnings(yaml)).toEqual([]);
  });
});

describe('a password', () => {
  test('in clear text is warned of', () => {
    expect(warnings('users: [{ name: bob, passwd: secret }]')).toEqual([
      expect.stringMatching(/^warning c\.yaml:2:22 users\.0\.passwd: the password is in clear text/),
    ]);
  });

  test.each(['"$6$salt$hash"', '"$y$j9T$salt$hash"', '"*"', '"!$6$salt$hash"', '"{{ .Values.x }}"'])(
    '%s is not',
    (passwd) => {
      expect(
        warnings(`users: [{ name: bob, passwd: ${passwd} }]`).filter((line) => line.includes('clear')),
      ).toEqual([]);
    },
  );
});

describe('an SSH key', () => {
  test.each([
    [KEY.slice(0, 40), /ssh_authorized_keys\.0: the SSH key is cut short/],
    ['ssh-ed25519 AAAA', /cut short/],
    [KEY.replace('ssh-ed25519', 'ssh-rsa'), /is not of the type ssh-rsa/],
  ])('%s is warned of', (key, message) => {
    expect(warnings(`users: [{ name: bob, ssh_authorized_keys: ["${key}"] }]`)).toEqual([
      expect.stringMatching(message),
    ]);
    expect(warnings(`stages: { boot: [{ authorized_keys: { bob: ["${key}"] } }] }`)).toHaveLength(1);
    expect(warnings(`ssh_authorized_keys: ["${key}"]`)).toHaveLength(1);
  });

  test.each([KEY, `no-pty,command="x" ${KEY}`, 'github:ann', 'https://example.com/keys', '{{ .x }}'])(
    '%s is not',
    (key) => {
      expect(warnings(`users: [{ name: bob, ssh_authorized_keys: ['${key}'] }]`)).toEqual([]);
    },
  );
});

describe('a mode', () => {
  test.each(['644', '755', '1777'])('%s is read as decimal, which is warned of', (mode) => {
    expect(warnings(`write_files: [{ path: /a, content: a, permissions: ${mode} }]`)).toEqual([
      expect.stringContaining(
        `write_files.0.permissions: ${mode} is a decimal number, which is the mode 0${Number(mode).toString(8)}; write 0${mode}`,
      ),
    ]);
  });

  test.each(['0644', '"644"', '"0644"', '0o644', '420', '0620'])('%s is not', (mode) => {
    const found = warnings(`write_files: [{ path: /a, content: a, permissions: ${mode} }]`);
    expect(mode === '420' ? found.slice(1) : found).toEqual([]);
  });
});
