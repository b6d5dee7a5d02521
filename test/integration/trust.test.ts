import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemHost } from '../../src/common/host/system-host.ts';
import { parseImageReference } from '../../src/common/oci/registry/image-reference.ts';
import { openRegistry } from '../../src/common/oci/registry/registry.ts';
import { registryReader } from '../../src/common/oci/registry/registry-reader.ts';
import type { Descriptor, RegistryReader } from '../../src/common/oci/registry/repository-reader.ts';
import { loadPolicy, type TrustFiles, type TrustPolicy } from '../../src/common/trust/policy.ts';
import { verifyImage } from '../../src/common/trust/verify-image.ts';
import {
  attest,
  generateKeyPair,
  importKeyPair,
  type KeyPair,
  signBundle,
  signClassic,
} from '../support/cosign.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { failureOf } from '../unit/support/failure.ts';

const forms = [
  ['classic', signClassic],
  ['bundle', signBundle],
] as const;

let home: string;
let registry: TestRegistry;
let release: KeyPair;
let stranger: KeyPair;
let policy: TrustPolicy;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'kairos-trust-'));
  registry = await startRegistry();
  release = await generateKeyPair(home, 'release');
  stranger = await generateKeyPair(home, 'stranger');
  policy = await policyFor('release.pub');
});

afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

/** Writes a policy and its keys to a separate directory, and reads it as a node does. */
async function policyFor(...keys: readonly string[]): Promise<TrustPolicy> {
  const directory = await mkdtemp(join(home, 'policy-'));
  for (const key of keys) await cp(join(home, key), join(directory, key));
  const text = `repositories:\n  - match: "${registry.host}/os/*"\n    keys: [${keys.join(', ')}]\n`;
  await writeFile(join(directory, 'policy.yaml'), text);
  const files: TrustFiles = {
    list: readdir,
    readText: (path) => readFile(path, 'utf8'),
    stat: async (path) => {
      const stats = await stat(path);
      const { uid, size, mode } = stats;
      // The umask must not affect the test: unit tests cover modes.
      return { kind: stats.isDirectory() ? 'directory' : 'file', uid, size, mode: mode & 0o755 };
    },
  };
  const read = await loadPolicy(files, { directory, owner: process.getuid?.() ?? 0 });
  if (!read) throw new Error('no policy');
  return read;
}

/** The raw answer of the registry. */
function reader(repository: string): RegistryReader {
  const get = async (path: string) => {
    const answer = await registry.get(`${repository}/${path}`);
    if (answer.status !== 404 && !answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer;
  };
  return {
    manifest: async (name) => {
      const answer = await get(`manifests/${name}`);
      if (answer.status === 404) return undefined;
      const header = (key: string) => answer.headers.get(key) ?? '';
      return {
        bytes: new Uint8Array(await answer.arrayBuffer()),
        mediaType: header('content-type'),
        digest: header('docker-content-digest'),
      };
    },
    blob: async (digest) => {
      const answer = await get(`blobs/${digest}`);
      if (!answer.ok) throw new Error(`${digest}: ${answer.status}`);
      return new Uint8Array(await answer.arrayBuffer());
    },
    // docker-registry 2.8 has no API of referrers, so cosign lists them under a tag.
    referrers: async (digest) => {
      expect((await get(`referrers/${digest}`)).status).toBe(404);
      const answer = await get(`manifests/${digest.replace(':', '-')}`);
      return answer.ok ? ((await answer.json()) as { manifests: Descriptor[] }).manifests : [];
    },
  };
}

function verify(repository: string, digests: [string, ...string[]], by = policy) {
  return verifyImage(reader(repository), { registry: registry.host, repository, digests }, by);
}

async function refusal(repository: string, digest: string): Promise<string> {
  const error = await failureOf(() => verify(repository, [digest]), 'verification');
  return [error.message, ...error.details].join('\n');
}

/** Overwrites a blob in the registry's storage. */
async function tamper(digest: string, change: (content: string) => string): Promise<void> {
  const hex = digest.replace('sha256:', '');
  const file = join(registry.storage, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data');
  const content = await readFile(file, 'utf8');
  expect(change(content)).not.toBe(content);
  await writeFile(file, change(content));
}

test('an unsigned image is refused', async () => {
  const digest = await registry.pushImage('os/unsigned', 'unsigned', 'v1');
  expect(await refusal('os/unsigned', digest)).toContain(`${digest} is not signed`);
});

describe.each(forms)('an image with a signature of the form %s', (form, sign) => {
  const repository = `os/${form}`;
  const push = (text: string, tag?: string) => registry.pushImage(repository, `${form} ${text}`, tag);
  const signed = async (text: string, key: KeyPair) => {
    const digest = await push(text);
    await sign(home, key, `${registry.host}/${repository}@${digest}`);
    return digest;
  };

  test('is accepted', async () => {
    const digest = await signed('good', release);
    expect(await verify(repository, [digest])).toMatchObject({
      digest,
      signatures: [{ form, key: 'release.pub' }],
    });
  });

  test('is refused if another key signed it', async () => {
    const digest = await signed('foreign', stranger);
    expect(await refusal(repository, digest)).toContain('was made by an unknown key');
  });

  test('is accepted if another key and the right one signed it', async () => {
    const digest = await signed('twice', stranger);
    await sign(home, release, `${registry.host}/${repository}@${digest}`);
    expect((await verify(repository, [digest])).signatures).toMatchObject([{ form, key: 'release.pub' }]);
  });

  test('may have the signature on its index or on a manifest', async () => {
    const amd64 = await push('amd64');
    const arm64 = await signed('arm64', release);
    const index = await registry.pushIndex(repository, { amd64, arm64 });
    expect((await verify(repository, [index, arm64])).digest).toBe(arm64);
    expect(await refusal(repository, amd64)).toContain('is not signed');
    await sign(home, release, `${registry.host}/${repository}@${index}`);
    expect((await verify(repository, [index, amd64])).digest).toBe(index);
  });

  test('does not make an image trusted that its tag is moved to', async () => {
    const good = await signed('release', release);
    const evil = await push('evil', 'latest');
    expect(await refusal(repository, evil)).toContain(`${evil} is not signed`);
    // The signature itself, attached to the other image.
    const tag = (digest: string) => `${digest.replace(':', '-')}${form === 'classic' ? '.sig' : ''}`;
    const manifest = JSON.parse(await (await registry.get(`${repository}/manifests/${tag(good)}`)).text());
    await registry.pushManifest(repository, manifest, tag(evil));
    expect(await refusal(repository, evil)).toContain(`is for another image, ${good}`);
  });

  test('is refused if the payload is changed in the registry’s storage', async () => {
    const digest = await signed('changed', release);
    const { signatures } = await verify(repository, [digest]);
    const place = signatures[0]?.place ?? '';
    const blob = form === 'classic' ? place : await bundleOf(place);
    await tamper(blob, (content) => content.replace(/[0-9](?=[^0-9]*$)|l(?=[^l]*$)/, 'Z'));
    expect(await refusal(repository, digest)).toContain('its content was changed');
  });

  test('is accepted if an RSA key signed it', async () => {
    const { digest, name, theirs } = await signedWith(
      generateKeyPairSync('rsa', { modulusLength: 3072 }),
      'rsa',
    );
    expect((await verify(repository, [digest], theirs)).signatures).toMatchObject([{ form, key: name }]);
  });

  test("is refused if an Ed25519 key signed it, because cosign's variant cannot be verified", async () => {
    const { digest, name, theirs } = await signedWith(generateKeyPairSync('ed25519'), 'ed25519');
    const error = await failureOf(() => verify(repository, [digest], theirs), 'verification');
    expect(error.details.join()).toContain(`with ${name}, only plain Ed25519 can be verified`);
  });

  async function signedWith({ privateKey }: { privateKey: KeyObject }, type: string) {
    const name = `${form}-${type}`;
    const pem = join(home, `${name}.pem`);
    await writeFile(pem, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const digest = await signed(type, await importKeyPair(home, name, pem));
    return { digest, name: `${name}.pub`, theirs: await policyFor(`${name}.pub`) };
  }

  async function bundleOf(manifest: string): Promise<string> {
    const answer = await registry.get(`${repository}/manifests/${manifest}`);
    return JSON.parse(await answer.text()).layers[0].digest;
  }
});

test('the agent reads signatures in either form through its own registry client', async () => {
  const open = (digest: string) =>
    registryReader(
      openRegistry(
        systemHost(() => {}),
        parseImageReference(`${registry.host}/os/agent@${digest}`),
      ),
    );
  for (const [form, sign] of forms) {
    const digest = await registry.pushImage('os/agent', `agent ${form}`);
    const image = { registry: registry.host, repository: 'os/agent', digests: [digest] } as const;
    const error = await failureOf(() => verifyImage(open(digest), image, policy), 'verification');
    expect(error.details).toContain(`${digest} is not signed`);
    await sign(home, release, `${registry.host}/os/agent@${digest}`);
    expect((await verifyImage(open(digest), image, policy)).signatures).toMatchObject([{ form }]);
  }
});

test('an attestation does not count as a signature', async () => {
  const digest = await registry.pushImage('os/attested', 'attested', 'v1');
  await writeFile(join(home, 'note.json'), '{}');
  await attest(home, release, `${registry.host}/os/attested@${digest}`, join(home, 'note.json'));
  expect(await refusal('os/attested', digest)).toMatch(/is not signed|statement of another type/);
});
