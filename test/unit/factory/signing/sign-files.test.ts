import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { verifyFile } from '../../../../src/common/trust/verify-file.ts';
import { outputsIn, signFiles, signOutput } from '../../../../src/factory/signing/sign-files.ts';
import type { Signer } from '../../../../src/factory/signing/signer.ts';
import { COSIGN } from '../../../../src/factory/tools/cosign.ts';
import type { Runner } from '../../../../src/factory/tools/runner.ts';
import { blobBundle } from '../../common/trust/support/blob-bundle.ts';
import { bundle, type Signer as KeyPair, signer as keyPair } from '../../common/trust/support/signer.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';
import { subdirectory } from '../artifacts/support/inputs.ts';

/*
 * A fake cosign with real keys and real bundles: these tests cover what is signed, kept and refused.
 * test/integration/signing.test.ts runs the real program.
 */

const release = keyPair('release.key');
const stranger = keyPair('stranger.key');
const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex');
const isBundle = (name: string) => name.endsWith('.sigstore.json');

/** Signs with a key as cosign does. @param play replaces the signing of a file */
function cosign(by: KeyPair, play: (file: string) => string | undefined = () => undefined) {
  const signed: string[] = [];
  const value = (args: readonly string[], name: string) => args[args.indexOf(name) + 1] ?? '';
  const run: Runner['run'] = async (tool, args) => {
    expect(tool).toBe(COSIGN);
    const isStatement = args[0] === 'attest-blob';
    const file = isStatement ? value(args, '--statement') : (args.at(-1) ?? '');
    signed.push(file);
    const content = readFileSync(file);
    const made = isStatement ? bundle(content.toString(), by) : blobBundle(by, content);
    writeFileSync(value(args, '--bundle'), play(file) ?? made);
    return { stdout: '', stderr: '', exitCode: 0 };
  };
  const runner: Runner = { run, locate: async () => '/usr/bin/cosign' };
  return { runner, signed };
}

function setUp(
  files: Readonly<Record<string, string>>,
  options: { play?: (file: string) => string | undefined; publicKey?: boolean } = {},
) {
  const home = temporaryDirectory();
  const directory = plant(subdirectory(home, 'output'), files);
  const scratch = subdirectory(home, 'scratch');
  const { runner, signed } = cosign(release, options.play);
  const signer: Signer = {
    name: 'release.key',
    cosign: {
      key: 'release.key',
      signingConfig: undefined,
      trustedRoot: undefined,
      offline: true,
      secrets: {},
    },
    publicKey: options.publicKey === false ? undefined : release.trust,
    forms: ['bundle'],
  };
  const { signal } = new AbortController();
  const signing = { runner, signer, scratch, signal, say: () => undefined };
  const toSign = (name: string, wanted?: string) => ({
    file: join(directory, name),
    bundle: join(directory, `${name}.sigstore.json`),
    partial: join(directory, `.partial-${name}`),
    ...(wanted === undefined ? {} : { sha256: wanted }),
  });
  const names = () => readdirSync(directory).sort();
  return { directory, scratch, signing, signed, toSign, names };
}

describe('signFiles', () => {
  test('writes a valid bundle next to each file, and leaves nothing else behind', async () => {
    const { directory, scratch, signing, toSign, names } = setUp({ one: '1', two: '2' });
    const made = await signFiles([toSign('one', sha256('1')), toSign('two')], signing);
    expect(made.map(({ sha256: found, unchanged }) => [found, unchanged])).toEqual([
      [sha256('1'), false],
      [sha256('2'), false],
    ]);
    expect(names()).toEqual(['one', 'one.sigstore.json', 'two', 'two.sigstore.json']);
    expect(readdirSync(scratch)).toEqual([]);
    const made1 = join(directory, 'one.sigstore.json');
    const keys = [release.trust];
    expect((await verifyFile(join(directory, 'one'), { bundle: readFileSync(made1), keys })).sha256).toBe(
      sha256('1'),
    );
    expect(statSync(made1).mode & 0o777).toBe(0o644);
  });

  test('keeps a valid bundle by the same key, and does not run cosign again', async () => {
    const there = blobBundle(release, '1');
    const { directory, signing, signed, toSign } = setUp({ one: '1', 'one.sigstore.json': there });
    const [made] = await signFiles([toSign('one')], signing);
    expect(made?.unchanged).toBe(true);
    expect(signed).toEqual([]);
    expect(readFileSync(join(directory, 'one.sigstore.json'), 'utf8')).toBe(there);
  });

  test.each([
    ['another key', blobBundle(stranger, '1')],
    ['an earlier content', blobBundle(release, 'earlier')],
    ['nothing at all', 'damaged'],
  ])('signs again when the bundle is for %s', async (_, there) => {
    const { directory, signing, signed, toSign } = setUp({ one: '1', 'one.sigstore.json': there });
    const [made] = await signFiles([toSign('one')], signing);
    expect(made?.unchanged).toBe(false);
    expect(signed).toEqual([join(directory, 'one')]);
    expect(readFileSync(join(directory, 'one.sigstore.json'), 'utf8')).not.toBe(there);
  });

  test('signs none of several files when one does not match its digest', async () => {
    const { signing, toSign, names } = setUp({ one: '1', two: '2' });
    const error = await failureOf(
      () => signFiles([toSign('one'), toSign('two', sha256('other'))], signing),
      'verification',
    );
    expect(error.details).toEqual([`listed: ${sha256('other')}`, `found:  ${sha256('2')}`]);
    expect(names()).toEqual(['one', 'two']);
  });

  test('refuses a file with a valid bundle that does not match its digest', async () => {
    const { signing, toSign } = setUp({ one: '1', 'one.sigstore.json': blobBundle(release, '1') });
    await failureOf(() => signFiles([toSign('one', sha256('other'))], signing), 'verification');
  });

  test.each([
    ['by another key', () => blobBundle(stranger, '1'), true],
    ['for another file', () => blobBundle(release, 'other'), true],
    ['for another file, without a public key', () => blobBundle(release, 'other'), false],
  ])('refuses a signature from cosign that is %s', async (_, play, publicKey) => {
    const { signing, toSign, names } = setUp({ one: '1' }, { play, publicKey });
    const error = await failureOf(() => signFiles([toSign('one')], signing), 'verification');
    expect(error.message).toContain('cosign wrote an invalid signature');
    expect(names()).toEqual(['one']);
  });

  test('signs a statement about the digest of a file that is too large for cosign to load', async () => {
    const { directory, signing, signed, toSign } = setUp({ large: '' });
    const file = join(directory, 'large');
    truncateSync(file, 1024 ** 3 + 1);
    const [made] = await signFiles([toSign('large')], signing);
    expect(signed).toEqual([expect.stringContaining('statement.json')]);
    const bytes = readFileSync(join(directory, 'large.sigstore.json'));
    const found = await verifyFile(file, { bundle: bytes, keys: [release.trust] });
    expect(found.sha256).toBe(made?.sha256);
  });
});

describe('signOutput', () => {
  const sums = `${sha256('iso')}  os.iso\n${sha256('index')}  os.oci/index.json\n`;
  const files = { 'os.iso': 'iso', 'os.oci/index.json': 'index', SHA256SUMS: sums };
  const partialIn = (directory: string) => (name: string) => join(directory, `.partial-${name}`);

  test('signs the listed files, the manifest and the list itself; the bundle of a layout is next to its directory', async () => {
    const { directory, signing, names } = setUp({ ...files, 'manifest.json': '{}', 'unlisted.txt': '' });
    const made = await signOutput(directory, partialIn(directory), signing);
    expect(made.map(({ file }) => file.slice(directory.length + 1))).toEqual([
      'os.iso',
      'os.oci/index.json',
      'manifest.json',
      'SHA256SUMS',
    ]);
    expect(names().filter(isBundle)).toEqual([
      'SHA256SUMS.sigstore.json',
      'manifest.json.sigstore.json',
      'os.iso.sigstore.json',
      'os.oci.sigstore.json',
    ]);
    expect(readdirSync(join(directory, 'os.oci'))).toEqual(['index.json']);
  });

  test('signs the evidence of the proof that the list names, each file for itself', async () => {
    const evidence = { 'proof/junit.xml': 'junit', 'proof/os.iso.bios.console.log': 'Linux version' };
    const result = { 'os.test-result.json': 'statement' };
    const listed = `${sums}${sha256('statement')}  os.test-result.json\n`;
    const proven = setUp({ ...files, ...evidence, ...result, SHA256SUMS: listed });
    const made = await signOutput(proven.directory, partialIn(proven.directory), proven.signing);
    expect(made.map(({ bundle: file }) => file)).toContain(
      join(proven.directory, 'proof/os.iso.bios.console.log.sigstore.json'),
    );
    expect(made).toHaveLength(6);
    const other = setUp({ ...files, ...evidence });
    expect(await signOutput(other.directory, partialIn(other.directory), other.signing)).toHaveLength(3);
  });

  test('signs the manifest once when it is listed', async () => {
    const listed = { ...files, 'manifest.json': '{}', SHA256SUMS: `${sums}${sha256('{}')}  manifest.json\n` };
    const { directory, signing } = setUp(listed);
    const made = await signOutput(directory, partialIn(directory), signing);
    expect(made.filter(({ file }) => file.endsWith('manifest.json'))).toHaveLength(1);
  });

  test('signs nothing when a file was changed after the build', async () => {
    const { directory, signing, names } = setUp({ ...files, 'os.iso': 'changed' });
    const error = await failureOf(() => signOutput(directory, partialIn(directory), signing), 'verification');
    expect(error.message).toContain('os.iso');
    expect(names().filter(isBundle)).toEqual([]);
  });

  test('refuses a directory without a list', async () => {
    const { directory, signing } = setUp({ 'os.iso': 'iso' });
    await failureOf(() => signOutput(directory, partialIn(directory), signing), 'usage');
  });
});

describe('outputsIn', () => {
  test.each<[string, Readonly<Record<string, string>>, readonly string[]]>([
    ['a build of one target is itself', { SHA256SUMS: '', 'amd64/SHA256SUMS': '' }, ['']],
    [
      'a build of several targets is theirs, by name',
      { 'b/SHA256SUMS': '', 'a/SHA256SUMS': '', 'c/x': '' },
      ['a', 'b'],
    ],
    ['what holds no output is itself, for an error that names it', { 'c/x': '' }, ['']],
  ])('%s', async (_, files, expected) => {
    const home = plant(temporaryDirectory(), files);
    expect(await outputsIn(home)).toEqual(expected.map((name) => join(home, name)));
  });
});
