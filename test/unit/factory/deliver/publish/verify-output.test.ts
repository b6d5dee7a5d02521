import { createHash } from 'node:crypto';
import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TrustRule } from '../../../../../src/common/trust/policy.ts';
import { verifyFiles } from '../../../../../src/factory/deliver/publish/verify-files.ts';
import { verifyOutput } from '../../../../../src/factory/deliver/publish/verify-output.ts';
import { blobBundle } from '../../../common/trust/support/blob-bundle.ts';
import { signer } from '../../../common/trust/support/signer.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

const release = signer('release.pub');
const stranger = signer('stranger.pub');
const { signal } = new AbortController();
const sha256 = (content: string) => createHash('sha256').update(content).digest('hex');

const trusting = (change: Partial<TrustRule> = {}): TrustRule => ({
  match: '',
  keys: [release.trust],
  threshold: 1,
  place: 'test',
  ...change,
});

/** The files of an image layout with one layer. */
function layoutFiles(): Record<string, string> {
  const blobs: Record<string, string> = {};
  const add = (content: string, mediaType: string) => {
    blobs[`blobs/sha256/${sha256(content)}`] = content;
    return { mediaType, digest: `sha256:${sha256(content)}`, size: Buffer.byteLength(content) };
  };
  const config = add('{}', 'application/vnd.oci.image.config.v1+json');
  const layer = add('layer', 'application/vnd.oci.image.layer.v1.tar');
  const type = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = add(JSON.stringify({ schemaVersion: 2, mediaType: type, config, layers: [layer] }), type);
  const index = JSON.stringify({ schemaVersion: 2, manifests: [manifest] });
  return { 'index.json': index, 'oci-layout': '{"imageLayoutVersion":"1.0.0"}', ...blobs };
}

/** The files of a build's output, all listed and signed. */
function outputFiles(files: Readonly<Record<string, string>> = { 'os.iso': 'iso', 'manifest.json': '{}' }) {
  const sums = Object.entries(files)
    .map(([name, content]) => `${sha256(content)}  ${name}\n`)
    .join('');
  const all: Record<string, string> = { ...files, SHA256SUMS: sums };
  const bundles = Object.entries(all).map(([name, content]) => {
    const beside = name.replace(/\/index\.json$/, '');
    return [`${beside}.sigstore.json`, blobBundle(release, content)];
  });
  return { ...all, ...Object.fromEntries(bundles) };
}

function withLayout(): Record<string, string> {
  const layout = layoutFiles();
  const inside = Object.entries(layout).map(([name, content]) => [`os.oci/${name}`, content]);
  return {
    ...outputFiles({ 'os.oci/index.json': layout['index.json'] ?? '' }),
    ...Object.fromEntries(inside),
  };
}

const below = (directory: string, files: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(files).map(([name, content]) => [`${directory}/${name}`, content]));

const LAYER = `os.oci/blobs/sha256/${sha256('layer')}`;

describe('verifyOutput', () => {
  test('accepts an unchanged output and returns every file with its signer', async () => {
    const home = plant(temporaryDirectory(), outputFiles());
    const found = await verifyOutput(home, trusting(), signal);
    expect(found.map(({ name, key }) => [name, key])).toEqual([
      ['SHA256SUMS', 'release.pub'],
      ['os.iso', 'release.pub'],
      ['manifest.json', 'release.pub'],
    ]);
    expect(found[1]).toMatchObject({ sha256: sha256('iso'), fingerprint: release.trust.fingerprint });
  });

  test('accepts an image layout with all its blobs', async () => {
    const home = plant(temporaryDirectory(), withLayout());
    const found = await verifyOutput(home, trusting(), signal);
    expect(found.map(({ name }) => name)).toEqual(['SHA256SUMS', 'os.oci/index.json']);
  });

  test('accepts the outputs of several targets below one directory', async () => {
    const files = { ...below('amd64', outputFiles()), ...below('arm64', outputFiles({ 'os.raw': 'raw' })) };
    const home = plant(temporaryDirectory(), files);
    const found = await verifyOutput(home, trusting(), signal);
    expect(found.map(({ name }) => name).sort()).toEqual([
      'amd64/SHA256SUMS',
      'amd64/manifest.json',
      'amd64/os.iso',
      'arm64/SHA256SUMS',
      'arm64/os.raw',
    ]);
  });

  test('accepts an unlisted file with its own signature', async () => {
    const extra = { 'notes.md': 'notes', 'notes.md.sigstore.json': blobBundle(release, 'notes') };
    const home = plant(temporaryDirectory(), { ...outputFiles(), ...extra, '.kairos-factory.lock': '' });
    const found = await verifyOutput(home, trusting(), signal);
    expect(found.filter(({ listed }) => listed === false).map(({ name }) => name)).toEqual(['notes.md']);
  });

  /** An output whose list leaves out the manifest. */
  const withManifest = (manifest: string) => {
    const files = { ...outputFiles({ 'os.iso': 'iso', 'os.spdx.json': '{}' }), 'manifest.json': manifest };
    return { ...files, 'manifest.json.sigstore.json': blobBundle(release, manifest) };
  };
  const document = { file: 'os.spdx.json', sha256: sha256('{}') };
  const iso = { file: 'os.iso', sha256: sha256('iso') };

  test('accepts a manifest beside the list that agrees with it', async () => {
    const manifest = JSON.stringify({ artifacts: [iso], documents: [document] });
    const home = plant(temporaryDirectory(), withManifest(manifest));
    const found = await verifyOutput(home, trusting(), signal);
    expect(found.find(({ name }) => name === 'manifest.json')).not.toHaveProperty('listed');
  });

  test.each([
    ['of another build', { artifacts: [{ ...iso, sha256: sha256('old') }], documents: [document] }, 'os.iso'],
    ['with another file', { artifacts: [iso, { ...iso, file: 'x.iso' }], documents: [document] }, 'x.iso'],
    ['without one of the files', { artifacts: [iso] }, 'os.spdx.json'],
    ['without any file', { artifacts: [] }, 'os.iso, os.spdx.json'],
    ['that is another document', {}, 'is not the manifest of a build'],
    ['that is not JSON', 'notes', 'is not the manifest of a build'],
  ])('refuses a signed manifest %s', async (_, manifest, problem) => {
    const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest);
    const home = plant(temporaryDirectory(), withManifest(text));
    const error = await failureOf(() => verifyOutput(home, trusting(), signal), 'verification');
    expect(error.details).toEqual([expect.stringContaining(problem)]);
    expect(error.details[0]).toMatch(/^manifest\.json is /);
  });

  const write = (path: string, content: string) => (home: string) => plant(home, { [path]: content });
  const remove = (path: string) => (home: string) => rmSync(join(home, path));
  // A change to a valid output, and the single problem that it must cause.
  test.each<[string, (home: string) => void, RegExp]>([
    ['a changed file', write('os.iso', 'changed'), /^os\.iso was changed/],
    ['a missing file', remove('os.iso'), /^os\.iso is missing$/],
    [
      'a file without a signature',
      remove('os.iso.sigstore.json'),
      /^os\.iso is not signed: there is no os\.iso/,
    ],
    [
      'a file signed by a stranger',
      write('os.iso.sigstore.json', blobBundle(stranger, 'iso')),
      /^os\.iso has a signature by an unknown key/,
    ],
    [
      'a changed and re-signed file that does not match the list',
      (home) => plant(home, { 'os.iso': 'new', 'os.iso.sigstore.json': blobBundle(release, 'new') }),
      /^os\.iso does not match SHA256SUMS/,
    ],
    [
      'a bundle of more than a megabyte',
      write('os.iso.sigstore.json', ' '.repeat(1024 ** 2 + 1)),
      /^os\.iso has an invalid bundle$/,
    ],
    [
      'an unlisted and unsigned file',
      write('extra.sh', 'echo'),
      /^extra\.sh is neither listed in SHA256SUMS nor/,
    ],
    [
      'a bundle without its file',
      write('gone.sigstore.json', '{}'),
      /^gone\.sigstore\.json is neither listed/,
    ],
    [
      'an unlisted file in a subdirectory',
      write('sub/extra.sh', 'echo'),
      /^sub\/extra\.sh is neither listed/,
    ],
    [
      'a link instead of a file',
      (home) => {
        rmSync(join(home, 'os.iso'));
        plant(home, { '../iso': 'iso' });
        symlinkSync('../iso', join(home, 'os.iso'));
      },
      /^os\.iso is not a regular file$/,
    ],
    [
      'a list that leaves the directory',
      (home) => {
        const sums = `${readFileSync(join(home, 'SHA256SUMS'), 'utf8')}${sha256('')}  ../x\n`;
        writeFileSync(join(home, 'SHA256SUMS'), sums);
      },
      /SHA256SUMS has an invalid line/,
    ],
  ])('reports %s and nothing else', async (_, damage, problem) => {
    const home = plant(join(temporaryDirectory(), 'output'), outputFiles());
    damage(home);
    const error = await failureOf(() => verifyOutput(home, trusting(), signal), 'verification');
    expect(error.message).toContain('release.pub');
    expect(error.details).toEqual([expect.stringMatching(problem)]);
  });

  test.each<[string, (home: string) => void, string]>([
    ['changed', write(LAYER, 'LAYER'), `${LAYER} was changed`],
    ['missing', remove(LAYER), `${LAYER} is missing`],
  ])('refuses an image layout with a %s blob', async (_, damage, problem) => {
    const home = plant(temporaryDirectory(), withLayout());
    damage(home);
    const error = await failureOf(() => verifyOutput(home, trusting(), signal), 'verification');
    expect(error.details).toEqual([problem]);
  });

  test('refuses a file in an image layout that its index does not refer to', async () => {
    const home = plant(temporaryDirectory(), { ...withLayout(), 'os.oci/blobs/sha256/feed': 'x' });
    const error = await failureOf(() => verifyOutput(home, trusting(), signal), 'verification');
    expect(error.details).toEqual([expect.stringMatching(/^os\.oci\/blobs\/sha256\/feed is neither/)]);
  });

  test('reports all problems at once, each with its target', async () => {
    const files = { ...below('amd64', outputFiles()), ...below('arm64', outputFiles()) };
    const home = plant(temporaryDirectory(), {
      ...files,
      'amd64/os.iso': 'changed',
      'arm64/os.iso': 'changed',
    });
    const error = await failureOf(() => verifyOutput(home, trusting(), signal), 'verification');
    expect([...error.details].sort()).toEqual([
      expect.stringMatching(/^amd64\/os\.iso /),
      expect.stringMatching(/^arm64\/os\.iso /),
    ]);
  });

  test('refuses a rule that requires two signatures, which a file cannot have', async () => {
    const home = plant(temporaryDirectory(), outputFiles());
    const error = await failureOf(
      () => verifyOutput(home, trusting({ threshold: 2 }), signal),
      'verification',
    );
    expect(error.details).toHaveLength(3);
  });

  test.each([[{}], [{ 'os.iso': 'iso' }]])(
    'refuses a directory that is not the output of a build: %j',
    async (files) => {
      const home = plant(temporaryDirectory(), files);
      const error = await failureOf(() => verifyOutput(home, trusting(), signal), 'usage');
      expect(error.message).toContain('has no SHA256SUMS');
    },
  );

  test('stops when it is aborted', async () => {
    const home = plant(temporaryDirectory(), outputFiles());
    const stopped = AbortSignal.abort(new Error('stop'));
    await expect(verifyOutput(home, trusting(), stopped)).rejects.toThrow('stop');
  });
});

describe('verifyFiles', () => {
  test('accepts files with valid bundles and reports all others', async () => {
    const home = plant(temporaryDirectory(), outputFiles());
    const iso = join(home, 'os.iso');
    const manifest = join(home, 'manifest.json');
    const found = await verifyFiles([iso, manifest], trusting(), signal);
    expect(found.map(({ name }) => name)).toEqual([iso, manifest]);
    plant(home, { 'os.iso': 'changed' });
    rmSync(`${manifest}.sigstore.json`);
    const error = await failureOf(() => verifyFiles([iso, manifest], trusting(), signal), 'verification');
    expect(error.details).toEqual([
      expect.stringContaining('os.iso was changed'),
      expect.stringContaining('manifest.json is not signed'),
    ]);
  });
});
