import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { isSecretName, redactConfig, redactText } from '../../../../src/agent/logs/redact.ts';

describe('names of secrets', () => {
  it.each([
    'passwd',
    'password',
    'token',
    'network_token',
    'K3S_TOKEN',
    'key',
    'private_key',
    'cosign-key',
    'client_secret',
    'passphrase',
    'api-key',
    'auth',
  ])('know %s', (name) => expect(isSecretName(name)).toBe(true));
  it.each([
    'ssh_authorized_keys',
    'authorized_keys',
    'public_key',
    'hostname',
    'keyboard',
    'author',
    'lock_passwd',
  ])('leave %s', (name) => expect(isSecretName(name)).toBe(false));
});

describe('text', () => {
  it.each([
    'authorization',
    '--token',
    '--x y',
    'password="',
    "'",
    '-----BEGIN PRIVATE KEY-----',
    'http://',
    '',
  ])('is masked in linear time: %j before many spaces', (start) => {
    for (const text of [start + ' '.repeat(200_000), start.repeat(20_000), `${start} `.repeat(20_000)]) {
      const begin = performance.now();
      redactText(text);
      expect(performance.now() - begin).toBeLessThan(2000);
    }
  });
  it.each([
    ['K3S_TOKEN=abc x', 'K3S_TOKEN=*** x'],
    ['password: "a b" next', 'password: *** next'],
    ['run --token abc --server x', 'run --token *** --server x'],
    ['run --token=abc', 'run --token=***'],
    ['{"token":"abc","a":1}', '{"token":***,"a":1}'],
    ['https://user:pw@host/x', 'https://user:***@host/x'],
    ['https://host/x?token=abc&a=1', 'https://host/x?token=***&a=1'],
    ['root:$6$salt$hash/x.:19000', 'root:***:19000'],
    ['Authorization: Bearer abc.def', 'Authorization: Bearer ***'],
    [
      '-----BEGIN RSA PRIVATE KEY-----\nAAA\n-----END RSA PRIVATE KEY-----',
      '-----BEGIN RSA PRIVATE KEY-----***',
    ],
    ['Started kairos-agent.service: all good', 'Started kairos-agent.service: all good'],
  ])('%j', (text, shown) => expect(redactText(text)).toBe(shown));
});

it('takes linear time', () => {
  const long = 400_000;
  const begin = performance.now();
  for (const part of ['a', 'a.', 'a+', 'a-', ' ', '--a ', '"', 'a='])
    redactText(part.repeat(long / part.length));
  expect(performance.now() - begin).toBeLessThan(5000);
});

describe('a configuration', () => {
  it('keeps other values and comments', () => {
    const shown = redactConfig(`#cloud-config
# about password: hunter2
hostname: a # token=xyz
users:
  - name: kairos
    passwd: s3cret
    lock_passwd: true
    ssh_authorized_keys: [ssh-ed25519 AAAA]
p2p:
  network_token: |
    c2VjcmV0
k3s:
  args: [--token, s3cret2, --node-name=x, "--agent-token=s3cret3"]
  env: {K3S_TOKEN: s3cret4, A: b}
secrets:
  - deep: [s3cret5]
stages:
  boot:
    - files:
        - path: /x
          content: |
            token: s3cret6
            other: yes
        - path: /y
          encoding: b64
          content: czNjcmV0Nw==
      commands: ["curl -u https://u:s3cret8@h/"]
`);
    expect(shown).not.toMatch(/s3cret|hunter2|xyz|c2VjcmV0|czNjcmV0/);
    const data = parse(shown);
    expect(shown.startsWith('#cloud-config\n')).toBe(true);
    expect(data.users[0]).toEqual({
      name: 'kairos',
      passwd: '***',
      lock_passwd: true,
      ssh_authorized_keys: ['ssh-ed25519 AAAA'],
    });
    expect(data.k3s.args).toEqual(['--token', '***', '--node-name=x', '--agent-token=***']);
    expect(data.k3s.env).toEqual({ K3S_TOKEN: '***', A: 'b' });
    expect(data.stages.boot[0].files[0].content).toBe('token: ***\nother: yes\n');
  });

  it('that is not valid YAML is omitted', () => {
    expect(redactConfig('password: [s3cret\n a: b: c')).not.toContain('s3cret');
  });

  it('masks every value of a secret key', () => {
    const secret = fc
      .string({ unit: 'grapheme-ascii', minLength: 8, maxLength: 30 })
      .map((text) => `S3CR3T${text}`);
    fc.assert(
      fc.property(secret, fc.constantFrom('passwd', 'token', 'password', 'key'), (value, name) => {
        expect(
          redactConfig(JSON.stringify({ a: [{ [name]: value }], [name]: { b: [value] } })),
        ).not.toContain('S3CR3T');
      }),
    );
  });
});
