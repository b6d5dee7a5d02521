import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadPolicy, rulesFor, type TrustFiles } from '../../../../src/common/trust/policy.ts';
import { parsePublicKey } from '../../../../src/common/trust/public-key.ts';
import { failureOf } from '../../support/failure.ts';
import { signer } from './support/signer.ts';

const DIRECTORY = '/etc/kairos/trust';
const release = signer('release.pub');
const backup = signer('backup.pub', 'ed25519');
const KEYS = { 'release.pub': release.pem, 'backup.pub': backup.pem };
const POLICY = `# who speaks for what
repositories:
  - match: r.io/os/*
    keys: [release.pub, backup.pub]
    threshold: 2
`;

interface Attributes {
  readonly kind?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly size?: number;
}

/** The files of the policy's directory; `unusual` has attributes that differ from the defaults. */
function trustFiles(
  content: Readonly<Record<string, string>>,
  unusual: Readonly<Record<string, Attributes>> = {},
): TrustFiles {
  const at = (path: string) => path.slice(DIRECTORY.length + 1);
  return {
    list: async () => Object.keys(content),
    readText: async (path) => content[at(path)],
    stat: async (path) => {
      const text = path === DIRECTORY ? '' : content[at(path)];
      const kind = path === DIRECTORY ? 'directory' : 'file';
      const mode = path === DIRECTORY ? 0o755 : 0o644;
      return text === undefined ? undefined : { kind, mode, uid: 0, size: text.length, ...unusual[at(path)] };
    },
  };
}

async function refusal(content: Readonly<Record<string, string>>, unusual: Record<string, Attributes> = {}) {
  const error = await failureOf(() => loadPolicy(trustFiles(content, unusual)), 'verification');
  expect(error.remedy).toBeTruthy();
  return [error.message, ...error.details].join('\n');
}

function entry(match: string, ...keys: readonly string[]): string {
  return `repositories:\n  - match: ${match}\n    keys: [${keys.join(', ')}]\n`;
}

test('reads a policy with its keys', async () => {
  const policy = await loadPolicy(trustFiles({ ...KEYS, 'policy.yaml': POLICY }));
  expect(policy?.rules).toMatchObject([
    {
      match: 'r.io/os/*',
      threshold: 2,
      place: `${DIRECTORY}/policy.yaml:3:5`,
      keys: [
        { name: 'release.pub', fingerprint: release.trust.fingerprint },
        { name: 'backup.pub', fingerprint: backup.trust.fingerprint },
      ],
    },
  ]);
});

test('reads the example of the documentation', async () => {
  const page = readFileSync(new URL('../../../../docs/trust.md', import.meta.url), 'utf8');
  const [, example = ''] = /^```yaml\n(.*?)^```$/ms.exec(page) ?? [];
  const policy = await loadPolicy(trustFiles({ ...KEYS, 'policy.yaml': example }));
  const threshold = (name: string) => policy && rulesFor(policy, name).map((rule) => rule.threshold);
  expect(threshold('registry.example.com/os/debian')).toEqual([1]);
  expect(threshold('registry.example.com/os/critical')).toEqual([2]);
});

test('merges files in the order of their names', async () => {
  const policy = await loadPolicy(
    trustFiles({
      ...KEYS,
      'zz.yaml': entry('r.io/z', 'release.pub'),
      'policy.yaml': POLICY,
      'aa.yaml': entry('r.io/a', 'backup.pub'),
    }),
  );
  expect(policy?.rules.map(({ match }) => match)).toEqual(['r.io/a', 'r.io/os/*', 'r.io/z']);
  expect(policy?.rules[0]?.threshold).toBe(1);
});

test.each([
  ['no directory', { ...trustFiles({}), stat: async () => undefined }],
  ['an empty one', trustFiles({})],
  ['one with hidden files only', trustFiles({ '.keep': '' })],
])('%s is not a policy', async (_, files) => expect(await loadPolicy(files)).toBeUndefined());

test('applies the most specific entries', async () => {
  const matches = ['**', 'r.io/', 'r.io/os/*', 'r.io/os/', 'r.io/other/'];
  const content = matches.map((match, index) => [`${index}.yaml`, entry(`'${match}'`, 'release.pub')]);
  const policy = await loadPolicy(trustFiles({ ...KEYS, ...Object.fromEntries(content) }));
  const speaking = (name: string) => policy && rulesFor(policy, name).map(({ match }) => match);
  expect(speaking('r.io/os/debian')).toEqual(['r.io/os/*', 'r.io/os/']);
  expect(speaking('r.io/os/a/b')).toEqual(['r.io/os/']);
  expect(speaking('r.io/x')).toEqual(['r.io/']);
  expect(speaking('else.io/x')).toEqual(['**']);
});

describe('an invalid document is refused with its location', () => {
  test.each<[string, string, string]>([
    ['broken YAML', 'repositories: [', 'policy.yaml:'],
    ['nothing', '', 'policy.yaml:1:1'],
    ['an unknown key', `${POLICY}extra: 1\n`, 'policy.yaml:6:1: unknown key "extra"'],
    ['a misspelt key', POLICY.replace('threshold', 'treshold'), 'did you mean "threshold"'],
    ['the same key twice', `${POLICY}repositories: []\n`, 'policy.yaml:6:1'],
    ['no keys', entry('r.io/os/*'), 'policy.yaml:3:5: repositories.0.keys: needs at least one key'],
    ['a threshold of 0', POLICY.replace('2', '0'), 'policy.yaml:5:5: repositories.0.threshold'],
    ['a threshold out of reach', POLICY.replace('2', '3'), 'policy.yaml:5:5: threshold is 3'],
    ['keys for what needs none', `${POLICY}    unsigned: true\n`, 'unsigned: cannot be combined with keys'],
    [
      'a proof of what needs no signature',
      'repositories:\n  - match: r.io/x\n    unsigned: true\n    require-proof: [boot]\n',
      'unsigned: cannot be combined with',
    ],
    ['an unknown event', `${POLICY}    require-proof: [explode]\n`, 'require-proof'],
    ['no event', `${POLICY}    require-proof: []\n`, 'require-proof'],
    ['unsigned: false', `${entry('r.io/x', 'release.pub')}    unsigned: false\n`, 'can only be true'],
    [
      'a tag',
      entry('r.io/os:v1', 'release.pub'),
      'policy.yaml:2:5: repositories.0.match: "r.io/os:v1" must not',
    ],
    ['a key elsewhere', entry('r.io/os', '../release.pub'), 'must be the name of a file beside the policy'],
    [
      'a key that is missing',
      entry('r.io/os', 'other.pub'),
      'policy.yaml:3:12: /etc/kairos/trust/other.pub is missing',
    ],
  ])('%s', async (_, policy, place) => {
    expect(await refusal({ ...KEYS, 'policy.yaml': policy })).toContain(place);
  });

  test('the same key under two names does not reach a threshold of 2', async () => {
    const content = { ...KEYS, 'backup.pub': release.pem, 'policy.yaml': POLICY };
    expect(await refusal(content)).toContain('has 1 different keys');
  });

  test('keys without a policy', async () => {
    expect(await refusal(KEYS)).toContain('no policy.yaml among them');
  });
});

describe('a key is refused', () => {
  const pem = (key: { export(options: { type: 'spki'; format: 'pem' }): string | Buffer }) =>
    key.export({ type: 'spki', format: 'pem' }).toString();
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });

  test.each<[string, string, string]>([
    ['empty', '', 'is not a single public key'],
    ['no PEM', 'secret', 'is not a single public key'],
    ['bad PEM', release.pem.replace(/[A-Z]{2}/, '!!'), 'is not a single public key'],
    ['cut off', release.pem.replace(/\n.{20}/, '\n'), 'cannot be decoded'],
    ['two keys', release.pem + backup.pem, 'is not a single public key'],
    ['private', ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 'is a private key'],
    ['on P-384', pem(ec.publicKey), 'is on the curve P-384'],
    ['of 1024 bits', pem(rsa.publicKey), 'less than 2048'],
    ['for encryption', pem(generateKeyPairSync('x25519').publicKey), 'is of the type x25519'],
  ])('%s', async (_, text, reason) => {
    const message = await refusal({ 'release.pub': text, 'policy.yaml': entry('r.io/os', 'release.pub') });
    expect(message).toContain('policy.yaml:3:12: /etc/kairos/trust/release.pub');
    expect(message).toContain(reason);
  });
});

test('an RSA key may have the form PKCS #1, and is the same key', async () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const forms = (['spki', 'pkcs1'] as const).map((type) =>
    parsePublicKey(type, publicKey.export({ type, format: 'pem' }).toString()),
  );
  expect(forms[0]?.fingerprint).toBe(forms[1]?.fingerprint);
  expect(() => parsePublicKey('x', '-----BEGIN RSA PUBLIC KEY-----\nAA\n-----END PUBLIC KEY-----\n')).toThrow(
    'is not a single public key',
  );
});

describe('files that someone else could have written are refused', () => {
  test.each<[string, string, Attributes, string]>([
    [
      'a world-writable policy',
      'policy.yaml',
      { mode: 0o666 },
      'is writable by users other than its owner (mode 666)',
    ],
    ['a key that the group writes', 'release.pub', { mode: 0o664 }, 'is writable by users other'],
    ['a world-writable directory', '', { mode: 0o1777 }, 'is writable by users other'],
    ['a policy of another user', 'policy.yaml', { uid: 1000 }, 'belongs to user 1000, not to root'],
    ['a key of another user', 'backup.pub', { uid: 1000 }, 'belongs to user 1000, not to root'],
    ['a link', 'release.pub', { kind: 'link' }, 'is not a file but a link'],
    ['a file for a directory', '', { kind: 'file' }, 'is not a directory but a file'],
    ['a huge key', 'release.pub', { size: 2 ** 30 }, 'is larger than'],
  ])('%s', async (_, name, attributes, reason) => {
    const content = { ...KEYS, 'policy.yaml': POLICY };
    expect(await refusal(content, { [name]: attributes })).toContain(reason);
  });

  test('except files of the owner that the caller names', async () => {
    const files = trustFiles({ ...KEYS, 'policy.yaml': POLICY }, { 'policy.yaml': { uid: 1000 } });
    expect((await loadPolicy(files, { owner: 1000 }))?.rules).toHaveLength(1);
  });

  test('and so are files that cannot be examined', async () => {
    const stat = async () => Promise.reject(new Error('EACCES: permission denied'));
    const error = await failureOf(() => loadPolicy({ ...trustFiles({}), stat }), 'verification');
    expect(error.message).toContain('EACCES');
  });
});
