import { createHash } from 'node:crypto';
import {
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testResultStatement } from '../../src/factory/prove/test-result.ts';
import { generateKeyPair, type KeyPair } from '../support/cosign.ts';
import { factory, type Outcome, PROJECT, TEST_HOME } from '../support/factory.ts';
import { IDENTITY, ISSUER, startKeyless } from '../support/keyless.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tool } from '../support/tool.ts';
import { tarBytes } from '../unit/support/tar-bytes.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
/** Long enough to be found wherever it might leak. */
const PASSWORD = 'a-password-that-nobody-may-see';

let home: string;
let registry: TestRegistry;
let release: KeyPair;
let stranger: KeyPair;

beforeAll(async () => {
  home = await mkdtemp(join(TEST_HOME, 'signing-'));
  registry = await startRegistry();
  release = await generateKeyPair(home, 'release', PASSWORD);
  stranger = await generateKeyPair(home, 'stranger');
});
afterAll(async () => {
  await registry?.[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

/** Runs the program with the real cosign on its path, and with no network except the registry. */
async function run(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  return factory(args, {
    cwd: home,
    env: {
      PATH: `${join(PROJECT, '.tools/bin')}:${process.env['PATH']}`,
      KAIROS_FACTORY_CACHE: join(home, 'cache'),
      HOME: home,
      ...env,
    },
  });
}

const sign = (...args: string[]) => run(['sign', ...args], { COSIGN_PASSWORD: PASSWORD });
const byStranger = (...args: string[]) => run(['sign', ...args, '--key', stranger.privateKey]);
const verify = (...args: string[]) => run(['verify', ...args, '--key', release.publicKey]);

/** Signs with the right key, and expects success. */
async function signed(...args: string[]): Promise<Outcome> {
  const outcome = await sign(...args, '--key', release.privateKey);
  expect(outcome.status, outcome.stderr).toBe(0);
  return outcome;
}

async function refused(outcome: Promise<Outcome>, ...texts: (string | RegExp)[]): Promise<void> {
  const { status, stderr } = await outcome;
  expect(status, stderr).toBe(5);
  for (const text of texts) expect(stderr).toMatch(text);
}

describe('an image', () => {
  const repository = 'team/os';
  const push = async (text: string, tag?: string) => {
    const digest = await registry.pushImage(repository, text, tag);
    return { digest, image: `${registry.host}/${repository}@${digest}` };
  };

  test.each(['bundle', 'classic', 'both'])(
    'is signed by its digest in the form %s, and verified',
    async (format) => {
      const { digest, image } = await push(`form ${format}`, format);
      const tagged = `${registry.host}/${repository}:${format}`;
      const { stderr, stdout } = await signed(tagged, '--format', format);
      expect(stderr).toContain(`${tagged} is ${digest}`);
      expect(stdout).toContain(image);
      expect((await registry.get(`${repository}/manifests/${digest.replace(':', '-')}.sig`)).status).toBe(
        format === 'bundle' ? 404 : 200,
      );
      const found = await verify(tagged, '--json');
      expect(found.status, found.stderr).toBe(0);
      const form = format === 'classic' ? 'classic' : 'bundle';
      expect(JSON.parse(found.stdout)).toMatchObject({
        verified: true,
        images: [{ image, signatures: [{ form, key: 'release.pub' }], content: { blobs: 2 } }],
      });
      // The second run has nothing to do.
      expect((await signed(image, '--format', format)).stdout).toContain(`already signed  ${image}`);
    },
  );

  test('is listed with its signatures by inspect, which verifies nothing', async () => {
    const { digest, image } = await push('inspected');
    await signed(image, '--format', 'both');
    const settings = `registries=${JSON.stringify([{ registry: registry.host, insecure: true }])}`;
    const args = ['inspect', `docker://${image}`, '--no-content', '--json', '--set', settings];
    const { status, stdout, stderr } = await run(args);
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      image: { storage: 'registry', digest },
      signatures: expect.arrayContaining([
        expect.objectContaining({ form: 'sigstore-bundle' }),
        expect.objectContaining({ form: 'cosign', by: 'key' }),
      ]),
    });
  });

  test('is refused without a signature or with the signature of another key', async () => {
    const { digest, image } = await push('unsigned');
    await refused(verify(image), `${digest} is not signed`);
    await byStranger(image);
    await refused(verify(image), 'was made by an unknown key');
    await signed(image);
    expect((await verify(image)).status).toBe(0);
  });

  test('is refused if a signed tag was moved to it', async () => {
    const { image } = await push('good', 'moving');
    await signed(image);
    const evil = await push('evil', 'moving');
    await refused(verify(`${registry.host}/${repository}:moving`), `${evil.digest} is not signed`);
    // The signed image can still be verified by its digest.
    expect((await verify(image)).status).toBe(0);
  });

  test('is refused with a tampered layer, which only a check of the content detects', async () => {
    const { image } = await push('the layer');
    await signed(image);
    const hex = createHash('sha256').update('the layer').digest('hex');
    const file = join(registry.storage, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data');
    await writeFile(file, 'thE layer');
    await refused(verify(image), 'does not match its digest');
    expect((await verify(image, '--no-content')).stdout).toContain('content not checked');
  });

  test('is refused with a tampered bundle', async () => {
    const { digest, image } = await push('bundle to change');
    await signed(image);
    const listed = await (await registry.get(`${repository}/manifests/${digest.replace(':', '-')}`)).json();
    const { manifests } = listed as { manifests: { digest: string }[] };
    const manifest = await (await registry.get(`${repository}/manifests/${manifests[0]?.digest}`)).json();
    const hex = (manifest as { layers: { digest: string }[] }).layers[0]?.digest.replace('sha256:', '') ?? '';
    const file = join(registry.storage, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data');
    await truncate(file, (await stat(file)).size - 10);
    await refused(verify(image), /cannot be read|its content was changed/);
  });

  test('is refused from a registry that returns content with another digest', async () => {
    const { digest } = await push('true');
    const { digest: other } = await push('false');
    // A stand-in in front of the real registry, which would return the right content.
    const liar = createServer((request, response) => {
      const path = (request.url ?? '').replace('/v2/', '').replace(digest, other);
      registry.get(path).then(
        async (answer) => {
          const headers = Object.fromEntries(answer.headers);
          if (path.includes(other)) headers['docker-content-digest'] = digest;
          response.writeHead(answer.status, headers).end(Buffer.from(await answer.arrayBuffer()));
        },
        () => response.destroy(),
      );
    });
    await new Promise<void>((resolve) => liar.listen(0, '127.0.0.1', resolve));
    try {
      const place = `127.0.0.1:${(liar.address() as AddressInfo).port}/${repository}@${digest}`;
      await refused(verify(place), 'does not match its digest', `expected ${digest}`, `received ${other}`);
      await refused(sign(place, '--key', release.privateKey), 'does not match its digest');
    } finally {
      liar.closeAllConnections();
      liar.close();
    }
  });

  test('has the attestations that the policy requires, from a key of the policy', async () => {
    const { digest, image } = await push('attested');
    const sbom = { spdxVersion: 'SPDX-2.3', packages: [{ name: 'bash', versionInfo: '5.2' }] };
    const statement = (subject: string) => ({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'os', digest: { sha256: subject.replace('sha256:', '') } }],
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: { buildDefinition: { buildType: 'https://example.com/build/v1' }, own: 1 },
    });
    await writeFile(join(home, 'os.spdx.json'), JSON.stringify(sbom));
    await writeFile(join(home, 'os.provenance.json'), JSON.stringify(statement(digest)));
    await writeFile(
      join(home, 'other.provenance.json'),
      JSON.stringify(statement(`sha256:${'0'.repeat(64)}`)),
    );
    await writeFile(
      join(home, 'policy.yaml'),
      'keys: [release.pub]\nattestations: [slsaprovenance1, spdxjson]\n',
    );
    const byPolicy = () => run(['verify', image, '--policy', 'policy.yaml', '--json']);

    await signed(image, '--attest', 'spdxjson=os.spdx.json');
    await refused(
      byPolicy(),
      'lacks attestations',
      'no valid attestation of the type https://slsa.dev/provenance/v1',
    );
    await byStranger(image, '--attest', 'slsaprovenance1=os.provenance.json');
    await refused(byPolicy(), 'was made by an unknown key');
    const foreign = await sign(
      image,
      '--key',
      release.privateKey,
      '--attest',
      'slsaprovenance1=other.provenance.json',
    );
    expect([foreign.status, foreign.stderr]).toEqual([2, expect.stringContaining('is not about the image')]);
    await signed(image, '--attest', 'slsaprovenance1=os.provenance.json');
    const { status, stdout, stderr } = await byPolicy();
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout).images[0].attestations).toMatchObject([
      { type: 'https://slsa.dev/provenance/v1', key: 'release.pub' },
      { type: 'https://spdx.dev/Document', key: 'release.pub' },
    ]);
    // cosign accepts it too, and the document is complete.
    const cosign = join(PROJECT, '.tools/bin/cosign');
    const args = ['--key', release.publicKey, '--insecure-ignore-tlog', '--type', 'slsaprovenance1', image];
    const envelope = JSON.parse((await tool(cosign, 'verify-attestation', ...args)).split('\n')[0] ?? '');
    const attested = JSON.parse(Buffer.from(envelope.payload, 'base64').toString());
    expect(attested.predicate).toEqual(statement(digest).predicate);
  });
});

describe('a proof', () => {
  const results = (['boot', 'upgrade'] as const).map((event) => {
    return { machine: 'os.raw on uefi', event, seconds: 1, output: '' };
  });
  const proof = (digest: string) => {
    const subject = { name: 'os.raw', digest: { sha256: digest.replace('sha256:', '') } };
    return JSON.stringify(testResultStatement([subject], results, []));
  };

  test('of an image is required by a command, a policy and a node', async () => {
    const digest = await registry.pushImage('proven/os', 'proven');
    const image = `${registry.host}/proven/os@${digest}`;
    await writeFile(join(home, 'test-result.json'), proof(digest));
    await signed(image);
    await refused(verify(image, '--require-proof', 'boot'), 'PROOF_MISSING', 'is not proven to pass: boot');
    await signed(image, '--attest', 'testresult=test-result.json');
    const { stdout } = await verify(image, '--require-proof', 'upgrade,boot', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ verified: true, requireProof: ['boot', 'upgrade'] });
    await writeFile(join(home, 'proof.yaml'), 'keys: [release.pub]\nrequire-proof: [boot, fallback]\n');
    await refused(run(['verify', image, '--policy', 'proof.yaml']), 'is not proven to pass: fallback');
    const node = join(home, 'trust');
    await mkdir(node, { mode: 0o755 });
    await cp(release.publicKey, join(node, 'release.pub'));
    for (const [events, status] of [
      ['boot, upgrade', 0],
      ['boot, install', 5],
    ] as const) {
      const entry = `  - match: "${registry.host}/proven/*"\n    keys: [release.pub]\n`;
      const policy = `repositories:\n${entry}    require-proof: [${events}]\n`;
      await writeFile(join(node, 'policy.yaml'), policy, { mode: 0o644 });
      const outcome = await run(['verify', image, '--policy', node]);
      expect(outcome.status, outcome.stderr).toBe(status);
    }
  });

  test('of a file is a signed statement that is verified with it', async () => {
    const content = 'a disk';
    const place = join(home, 'files');
    await mkdir(place);
    await writeFile(join(place, 'os.raw'), content);
    await writeFile(
      join(place, 'test-result.json'),
      proof(createHash('sha256').update(content).digest('hex')),
    );
    const [raw, result] = [join(place, 'os.raw'), join(place, 'test-result.json')];
    await signed(raw);
    await refused(verify(raw, '--require-proof', 'boot'), 'os.raw: boot', 'no signed test result');
    await refused(verify(raw, result, '--require-proof', 'boot'), 'is not signed');
    await signed(result);
    const { status, stdout, stderr } = await verify(raw, result, '--require-proof', 'boot');
    expect(status, stderr).toBe(0);
    expect(stdout).toContain('Proven to pass: boot.');
    await refused(verify(raw, result, '--require-proof', 'fallback'), 'os.raw: fallback');
  });
});

describe('the output of a build', () => {
  let output: string;
  const at = (name: string) => join(output, name);

  /** A small output directory, with an image layout of one blob. */
  async function makeOutput(name: string): Promise<void> {
    output = join(home, name);
    await mkdir(join(output, 'os.oci/blobs/sha256'), { recursive: true });
    const blobs = join(output, 'os.oci/blobs/sha256');
    const put = async (content: string, mediaType: string) => {
      const hex = createHash('sha256').update(content).digest('hex');
      await writeFile(join(blobs, hex), content);
      return { mediaType, digest: `sha256:${hex}`, size: content.length };
    };
    const config = await put('{"os":"linux"}', 'application/vnd.oci.image.config.v1+json');
    const layer = await put('layer', 'application/vnd.oci.image.layer.v1.tar');
    const image = { schemaVersion: 2, mediaType: MANIFEST, config, layers: [layer] };
    const manifests = [await put(JSON.stringify(image), MANIFEST)];
    await writeFile(at('os.oci/index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
    await writeFile(at('os.oci/oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    await writeFile(at('os.iso'), 'an ISO');
    const sums = await tool('sh', '-c', 'cd "$1" && sha256sum os.iso os.oci/index.json', 'sh', output);
    await writeFile(at('SHA256SUMS'), `${sums}\n`);
    const artifacts = sums.split('\n').map((line) => ({ sha256: line.slice(0, 64), file: line.slice(66) }));
    await writeFile(at('manifest.json'), JSON.stringify({ artifacts }));
    await signed(output);
  }

  test('has a signature next to each file, and is verified as a whole', async () => {
    await makeOutput('whole');
    expect((await readdir(output)).sort()).toEqual([
      ...['SHA256SUMS', 'SHA256SUMS.sigstore.json', 'manifest.json', 'manifest.json.sigstore.json'],
      ...['os.iso', 'os.iso.sigstore.json', 'os.oci', 'os.oci.sigstore.json'],
    ]);
    expect((await stat(at('os.iso.sigstore.json'))).mode & 0o777).toBe(0o644);
    const { status, stdout, stderr } = await verify(output);
    expect(status, stderr).toBe(0);
    expect(stdout).toContain('os.iso  by release.pub (');
    expect(stdout).toContain('All listed files exist, and no others.');
    // cosign accepts them too.
    const args = [
      '--key',
      release.publicKey,
      '--insecure-ignore-tlog',
      '--bundle',
      at('os.iso.sigstore.json'),
    ];
    await tool(join(PROJECT, '.tools/bin/cosign'), 'verify-blob', ...args, at('os.iso'));
    // Valid signatures are kept.
    const before = await readFile(at('os.iso.sigstore.json'), 'utf8');
    await signed(output);
    expect(await readFile(at('os.iso.sigstore.json'), 'utf8')).toBe(before);
  });

  test('of several targets is signed and verified by their common directory', async () => {
    const targets = join(home, 'targets');
    for (const name of ['one', 'two']) {
      await makeOutput(`targets/${name}`);
      for (const file of await readdir(output)) if (file.endsWith('.sigstore.json')) await rm(at(file));
    }
    await refused(verify(targets), 'one/os.iso is not signed', 'two/SHA256SUMS is not signed');
    await signed(targets);
    expect((await verify(targets)).stdout).toContain('two/os.iso  by release.pub');
    await writeFile(at('os.iso'), 'AN iso');
    await refused(verify(targets), 'two/os.iso was changed');
  });

  const damages: [what: string, message: string, damage: () => Promise<unknown>][] = [
    ['a changed file', 'os.iso was changed', () => writeFile(at('os.iso'), 'AN iso')],
    ['a missing file', 'os.iso is missing', () => rm(at('os.iso'))],
    ['a missing signature', 'os.iso is not signed', () => rm(at('os.iso.sigstore.json'))],
    ['a list without a signature', 'SHA256SUMS is not signed', () => rm(at('SHA256SUMS.sigstore.json'))],
    ['a shorter list', 'SHA256SUMS was changed', () => writeFile(at('SHA256SUMS'), '')],
    [
      'a malformed bundle',
      'os.iso has a bundle that cannot be read',
      () =>
        writeFile(
          at('os.iso.sigstore.json'),
          '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}',
        ),
    ],
    [
      'the signature of another file',
      'os.iso was changed: its signature is for',
      () => cp(at('SHA256SUMS.sigstore.json'), at('os.iso.sigstore.json')),
    ],
    ['a file that nobody lists', 'more.iso is neither listed', () => writeFile(at('more.iso'), 'more')],
    [
      'a blob that nobody lists',
      'os.oci/blobs/sha256/more is neither listed',
      () => writeFile(at('os.oci/blobs/sha256/more'), 'more'),
    ],
    [
      'a changed blob',
      'was changed',
      () =>
        writeFile(at(`os.oci/blobs/sha256/${createHash('sha256').update('layer').digest('hex')}`), 'LAYER'),
    ],
    [
      'a link instead of a file',
      'os.iso is not a regular file',
      async () => {
        await rename(at('os.iso'), join(home, 'moved.iso'));
        await tool('ln', '-s', join(home, 'moved.iso'), at('os.iso'));
      },
    ],
  ];
  test('is refused if anything in it differs from the signed state', async () => {
    await makeOutput('damaged');
    for (const [what, message, damage] of damages) {
      await rm(join(home, 'whole-copy'), { recursive: true, force: true });
      await cp(output, join(home, 'whole-copy'), { recursive: true });
      await damage();
      const { status, stderr } = await verify(output);
      expect([what, status, stderr]).toEqual([what, 5, expect.stringContaining(message)]);
      await rm(output, { recursive: true });
      await rename(join(home, 'whole-copy'), output);
      expect((await verify(output)).status, what).toBe(0);
    }
    await refused(run(['verify', output, '--key', stranger.publicKey]), 'by an unknown key');
  });

  test('gets no signatures when a file does not match the list', async () => {
    await makeOutput('half');
    for (const name of await readdir(output)) if (name.endsWith('.sigstore.json')) await rm(at(name));
    await writeFile(
      at('SHA256SUMS'),
      `${await readFile(at('SHA256SUMS'), 'utf8')}${'0'.repeat(64)}  manifest.json\n`,
    );
    await refused(sign(output, '--key', release.privateKey), 'manifest.json does not match SHA256SUMS');
    expect((await readdir(output)).filter((name) => /sigstore|partial|lock/.test(name))).toEqual([]);
  });

  test('may contain a file that is too large for cosign', async () => {
    const file = join(home, 'large.raw');
    await writeFile(file, 'begins');
    await truncate(file, 1024 ** 3 + 1);
    await signed(file);
    expect((await verify(file)).status).toBe(0);
    const args = ['--key', release.publicKey, '--insecure-ignore-tlog', '--bundle', `${file}.sigstore.json`];
    const type = ['--type', 'https://sigstore.dev/cosign/sign/v1'];
    // Signed by its checksum: cosign refuses to read a file of this size.
    const [sum = ''] = (await tool('sha256sum', file)).split(' ');
    const about = ['--digest', sum, '--digestAlg', 'sha256'];
    await tool(join(PROJECT, '.tools/bin/cosign'), 'verify-blob-attestation', ...args, ...type, ...about);
    await truncate(file, 1024 ** 3 + 2);
    await refused(verify(file), 'large.raw was changed');
    await rm(file);
  });
});

describe('the key', () => {
  test('can be in a variable, and its password in a variable or a file; a wrong key or password is reported before signing', async () => {
    const file = join(home, 'some.txt');
    await writeFile(file, 'some');
    await writeFile(join(home, 'password'), `${PASSWORD}\n`, { mode: 0o600 });
    const key = await readFile(release.privateKey, 'utf8');
    const inVariable = ['sign', file, '--key', 'env://RELEASE_KEY', '--password-file', 'password'];
    expect((await run(inVariable, { RELEASE_KEY: key })).status).toBe(0);
    expect((await run(inVariable)).stderr).toContain(
      'the variable RELEASE_KEY for the signing key is not set',
    );
    await rm(`${file}.sigstore.json`);
    const wrong = await run(['sign', file, '--key', release.privateKey], { COSIGN_PASSWORD: 'wrong' });
    expect([wrong.status, wrong.stderr]).toEqual([
      2,
      expect.stringContaining('the password of the signing key'),
    ]);
    const missing = await run(['sign', file, '--key', 'missing.key']);
    expect([missing.status, missing.stderr]).toEqual([
      2,
      expect.stringContaining('missing.key does not exist'),
    ]);
    const old = join(home, 'old-cosign');
    await mkdir(old);
    await writeFile(join(old, 'cosign'), '#!/bin/sh\necho "GitVersion:    v2.6.1"\n', { mode: 0o755 });
    const outdated = await run(['sign', file, '--key', release.privateKey], {
      PATH: `${old}:${process.env['PATH']}`,
    });
    expect([outdated.status, outdated.stderr]).toEqual([
      3,
      expect.stringContaining('cosign 2.6.1 is not usable'),
    ]);
    expect(await readdir(home)).not.toContain('some.txt.sigstore.json');
  });

  test('and its password appear in no command line and no log', async () => {
    const file = join(home, 'watched.txt');
    await writeFile(file, 'watched');
    // A wrapper that records what other processes can see of cosign, and then runs the real one.
    const spy = join(home, 'spy');
    await mkdir(spy);
    const real = join(PROJECT, '.tools/bin/cosign');
    const script = `#!/bin/sh\ncat /proc/*/cmdline 2>/dev/null | tr '\\0' ' ' >> ${spy}/cmdlines\nexec ${real} "$@"\n`;
    await writeFile(join(spy, 'cosign'), script, { mode: 0o755 });
    const key = await readFile(release.privateKey, 'utf8');
    const { image } = await (async () => {
      const digest = await registry.pushImage('team/os', 'watched');
      return { image: `${registry.host}/team/os@${digest}` };
    })();
    const env = { PATH: `${spy}:${process.env['PATH']}`, MY_PASSWORD: PASSWORD, MY_KEY: key };
    const args = ['--key', 'env://MY_KEY', '--password-env', 'MY_PASSWORD', '--format', 'both'];
    const { status, stdout, stderr } = await run(['sign', file, image, ...args], env);
    expect(status, stderr).toBe(0);
    const seen = await readFile(join(spy, 'cmdlines'), 'utf8');
    expect(seen).toContain('sign-blob');
    const secrets = [PASSWORD, key.split('\n')[1] ?? ''];
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(20);
      expect(seen).not.toContain(secret);
      expect(stdout + stderr).not.toContain(secret);
      expect(
        await tool('sh', '-c', 'grep -rlF -- "$2" "$1" || true', 'sh', join(home, 'cache'), secret),
      ).toBe('');
    }
    expect(await readdir(join(home, 'cache/work'))).toEqual([]);
  });
});

describe('keyless, with stand-ins for the certificate and timestamp authorities', () => {
  test('signs files and images with the identity of the CI, which a trusted root verifies', async () => {
    const place = join(home, 'keyless');
    await mkdir(place);
    await using services = await startKeyless(place);
    const { signingConfig, trustedRoot, endedRoot, token } = services;
    const file = join(place, 'os.iso');
    await writeFile(file, 'an ISO');
    const digest = await registry.pushImage('team/keyless', 'keyless');
    const image = `${registry.host}/team/keyless@${digest}`;
    const args = ['--key', 'keyless', '--signing-config', signingConfig, '--trusted-root', trustedRoot];

    const tokenless = await run(['sign', file, ...args], { SIGSTORE_ID_TOKEN: '' });
    expect([tokenless.status, tokenless.stderr]).toEqual([4, expect.stringContaining('SIGSTORE_ID_TOKEN')]);
    const made = await run(['sign', file, image, ...args], { SIGSTORE_ID_TOKEN: token });
    expect(made.status, made.stderr).toBe(0);
    expect(made.stderr + made.stdout).not.toContain(token);
    expect(await tool('sh', '-c', 'grep -rlF -- "$2" "$1" || true', 'sh', join(home, 'cache'), token)).toBe(
      '',
    );

    const by = (identity: string, issuer = ISSUER, root = trustedRoot) =>
      run(['verify', file, image, '--identity', identity, '--issuer', issuer, '--trusted-root', root]);
    const good = await by(IDENTITY.replace(/v1$/, '*'));
    expect(good.status, good.stderr).toBe(0);
    await refused(by('https://ci.example/other/**'), `is by ${IDENTITY}`);
    await refused(by(IDENTITY.replace(/v1$/, '')), `is by ${IDENTITY}`);
    await refused(by(IDENTITY, 'https://other.example'), `is by ${IDENTITY}`);
    await refused(by(IDENTITY, ISSUER, endedRoot), 'cannot be verified with the trusted root');
    await refused(verify(file), 'was signed with a certificate, not with a key');
    await refused(verify(image), 'it was signed with a certificate, not with a key');
    const rootless = await run(['verify', file, '--identity', IDENTITY, '--issuer', ISSUER]);
    expect([rootless.status, rootless.stderr]).toEqual([
      2,
      expect.stringContaining('Give --trusted-root FILE'),
    ]);

    // The time of signing must be known, because certificates expire.
    const bundle = JSON.parse(await readFile(`${file}.sigstore.json`, 'utf8'));
    delete bundle.verificationMaterial.timestampVerificationData;
    await writeFile(`${file}.sigstore.json`, JSON.stringify(bundle));
    await refused(by(IDENTITY), 'expected 1 timestamps, got 0');
  });
});

describe('trust.base', () => {
  const repository = 'team/base';
  /** A base without a matching flavor, which makes a build fail as soon as the base is imported. */
  async function pushBase(text: string, tag: string) {
    const layer = tarBytes([
      { name: 'etc', type: 'directory' },
      { name: 'etc/os-release', content: `ID=plan9\nNAME="${text}"\n` },
    ]);
    const manifest = await registry.pushRoot(repository, layer);
    const index = await registry.pushIndex(repository, { amd64: manifest }, tag);
    return { manifest, index, at: (digest: string) => `${registry.host}/${repository}@${digest}` };
  }
  const taken = 'is not for the base "plan9"';

  async function project(name: string, base: string) {
    const directory = join(home, name);
    await mkdir(directory);
    await cp(release.publicKey, join(directory, 'release.pub'));
    const config = `flavor: debian\nbase: ${base}\ntrust: { base: { keys: [release.pub] } }\n`;
    const file = join(directory, 'kairos-factory.yaml');
    await writeFile(file, config);
    const build = (...args: string[]) => run(['build', '--config', file, ...args]);
    return { directory, file, build, lock: join(directory, 'kairos-factory.lock') };
  }

  test('refuses a build whose base is not signed, even if it is cached, and verifies again offline', async () => {
    const { index, manifest, at } = await pushBase('one', 'v1');
    const { directory, build, lock } = await project('trusting', `${registry.host}/${repository}:v1`);
    await refused(build(), `${index} is not signed`, `${manifest} is not signed`, 'trust.base');
    // Nothing else was done with it.
    expect(await readdir(directory)).not.toContain('kairos-factory.lock');
    await refused(build('--plan'), `${index} is not signed`);
    await byStranger(at(index));
    await refused(build(), 'was made by an unknown key');

    await signed(at(index));
    const built = await build();
    expect([built.status, built.stderr]).toEqual([2, expect.stringContaining(taken)]);
    expect(built.stderr).toContain(`(${index}) is signed by release.pub, as trust.base requires`);
    const offline = await build('--offline');
    expect([offline.status, offline.stderr]).toEqual([2, expect.stringContaining(taken)]);
    expect(offline.stderr).toContain('as trust.base requires');

    // Cached but no longer trusted: the policy requires another key.
    await cp(stranger.publicKey, join(directory, 'release.pub'));
    expect((await build()).stderr).toContain(taken);
    await cp(join(home, 'release.pub'), join(directory, 'release.pub'));
    const other = await generateKeyPair(directory, 'other');
    await cp(other.publicKey, join(directory, 'release.pub'));
    await refused(build(), 'is not signed as the trust policy requires');
    await refused(build('--offline'), 'is not signed as the trust policy requires');
    await cp(join(home, 'release.pub'), join(directory, 'release.pub'));

    // A lock that lists a manifest which is not in the signed index.
    const evil = await pushBase('evil', 'v2');
    const locked = await readFile(lock, 'utf8');
    await writeFile(lock, locked.replace(`linux/amd64: ${manifest}`, `linux/amd64: ${evil.manifest}`));
    await refused(build(), `the signed index ${index} does not have the manifest ${evil.manifest}`);
  });

  test('accepts the signature of the manifest too, and refuses a tag that was moved', async () => {
    const { manifest, at } = await pushBase('two', 'v3');
    const { build } = await project('moved', `${registry.host}/${repository}:v3`);
    await signed(at(manifest), '--format', 'classic');
    expect((await build()).stderr).toContain(`(${manifest}) is signed by release.pub`);
    const evil = await pushBase('swapped', 'v3');
    await rm(join(home, 'moved/kairos-factory.lock'));
    await refused(build(), `${evil.index} is not signed`);
  });

  test('is an error for a base that cannot be signed', async () => {
    const { build } = await project('nobody', 'bootstrap:bookworm');
    const { status, stderr } = await build('--plan');
    expect([status, stderr]).toEqual([
      2,
      expect.stringContaining('bootstrap:bookworm is not an image in a registry'),
    ]);
    expect(stderr).toContain('to do: Push the base to a registry, sign it and name it as REGISTRY/NAME:TAG');
  });
});
