import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseChecksums } from '../../../../../src/factory/deliver/release/checksums.ts';
import { escapeHtml, href } from '../../../../../src/factory/deliver/release/html.ts';
import { formatBytes, idOf, shellWord } from '../../../../../src/factory/deliver/release/page-parts.ts';
import { parseRelease } from '../../../../../src/factory/deliver/release/read-release.ts';
import {
  type ContentsInput,
  releaseContents,
} from '../../../../../src/factory/deliver/release/release-contents.ts';
import { Release, releaseJsonSchema } from '../../../../../src/factory/deliver/release/schema.ts';
import { failureOf } from '../../../support/failure.ts';
import { deb, samplePrevious, sampleTarget, sha256 } from './support/sample.ts';

const contents = (input: Partial<ContentsInput> = {}) =>
  releaseContents({
    targets: [sampleTarget('core')],
    previous: undefined,
    tool: 'kairos-factory v0.1.0',
    isSigned: false,
    ...input,
  });
const page = (input: Partial<ContentsInput> = {}) => contents(input).texts.get('index.html') ?? '';

describe('the contents of a release', () => {
  test('are the same for the same input, and listed in release.json and SHA256SUMS', () => {
    const one = contents();
    expect(contents()).toEqual(one);
    expect(parseRelease(one.index, 'release.json')).toEqual(one.release);
    const { files } = one.release.targets[0] ?? { files: [] };
    const listed = files.filter(({ role }) => role !== 'oci-content').map(({ name }) => name);
    expect(parseChecksums(one.sums, 'SHA256SUMS').map(({ file }) => file)).toEqual(
      [...listed, 'index.html', 'release.json'].sort(),
    );
    expect(one.sums).toContain(`${sha256(one.index)}  release.json\n`);
    expect(one.release).toMatchObject({
      version: 'v1.2.3',
      date: '2025-10-09T08:53:20Z',
      epoch: 1_760_000_000,
    });
    expect(files.map(({ role }) => role).sort()).toEqual(
      ['iso', 'oci', 'oci-content', 'provenance', 'qcow2', 'raw', 'sbom', 'sbom', 'squashfs'].sort(),
    );
  });

  test('include the changes since the previous release, even for a renamed target', () => {
    const targets = [
      sampleTarget('core', { packages: [deb('a', '2'), deb('b', '1')] }),
      sampleTarget('arm', { arch: 'arm64', packages: [deb('a', '1')] }),
    ];
    const before = [
      sampleTarget('old-name', { version: 'v1.2.2', packages: [deb('a', '1'), deb('b_*', '1|')] }),
      sampleTarget('k3s', { software: { distribution: 'k3s', version: 'v1' }, version: 'v1.2.2' }),
    ];
    const { release, texts } = contents({ targets, previous: samplePrevious(...before) });
    expect(release.targets.map(({ changes }) => changes)).toEqual([
      {
        added: [{ name: 'b', version: '1', arch: 'amd64' }],
        removed: [{ name: 'b_*', version: '1|', arch: 'amd64' }],
        upgraded: [{ name: 'a', arch: 'amd64', from: '1', to: '2' }],
        downgraded: [],
      },
      undefined,
    ]);
    const changelog = texts.get('CHANGELOG.md') ?? '';
    expect(changelog).toContain('Released 2025-10-09. Changes since v1.2.2 (2025-01-02).');
    expect(changelog).toContain('| a | amd64 | 1 | 2 |');
    expect(changelog).toContain('| b\\_\\* | amd64 | 1\\| |');
    expect(changelog).toContain('## arm\n\nNew target.');
    expect(changelog).toContain('## Removed targets\n\n- k3s');
    expect(release.previous).toEqual({ version: 'v1.2.2', date: '2025-01-02T03:04:05Z' });
  });

  test('cannot have two files with the same name', async () => {
    const targets = [sampleTarget('one'), sampleTarget('two')];
    const { message } = await failureOf(() => contents({ targets }), 'usage');
    expect(message).toContain(
      'the files of targets one and two would have the same names: kairos-debian-12-core',
    );
  });
});

describe('release.json', () => {
  // If this fails, run: npm run docs
  test('matches the JSON Schema in docs/', () => {
    const file = join(import.meta.dirname, '../../../../../docs/release.schema.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(releaseJsonSchema());
  });

  test.each([
    ['an absolute path', '/etc/passwd'],
    ['a path that leaves the folder', 'a/../../b'],
    ['a backslash', 'a\\b'],
    ['an empty name', ''],
  ])('cannot name a file with %s', (_what, name) => {
    const { release } = contents();
    const [target] = release.targets;
    const files = target?.files.map((file) => ({ ...file, name }));
    expect(Release.safeParse({ ...release, targets: [{ ...target, files }] }).success).toBe(false);
  });

  test('is refused in an unknown format', async () => {
    const text = JSON.stringify({ ...contents().release, schema: 2 });
    const { message, details } = await failureOf(() => parseRelease(text, 'FILE'), 'verification');
    expect([message, details[0]]).toEqual([
      'FILE is not a release.json in a supported format',
      expect.stringMatching(/^schema: /),
    ]);
  });
});

describe('SHA256SUMS', () => {
  const sum = sha256('');
  test.each([`${sum}  ../x`, `${sum}  /x`, `${sum}  a//b`, 'x  y', `${sum} x\n`, `${sum}  a\n${sum}  a`])(
    'refuses %j',
    async (text) => {
      await failureOf(() => parseChecksums(text, 'FILE'), 'verification');
    },
  );
});

describe('the page', () => {
  test('links every file of the release and nothing else', () => {
    const { release, texts } = contents({
      targets: [sampleTarget('core', { isSigned: true })],
      previous: samplePrevious(sampleTarget('core')),
      isSigned: true,
    });
    const known = new Set(
      [...release.targets.flatMap(({ files }) => files), ...release.files].flatMap(({ name, signature }) => [
        name,
        signature ?? name,
      ]),
    );
    for (const name of ['release.json', 'SHA256SUMS', 'SHA256SUMS.sigstore.json']) known.add(name);
    const text = texts.get('index.html') ?? '';
    const links = [...text.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, link = '']) => link);
    for (const link of links.filter((one) => !one.startsWith('#') && one !== 'data:,'))
      expect(known).toContain(decodeURIComponent(link.replace(/^\.\//, '')));
    const ids = new Set([...text.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id));
    for (const link of links.filter((one) => one.startsWith('#'))) expect(ids).toContain(link.slice(1));
    expect(text).toContain('kairos-debian-12-core-amd64-generic-v1.2.3.oci.sigstore.json');
    expect(page()).toContain('This release is not signed');
  });

  test('shows only the install methods that its files allow', () => {
    expect(page({ targets: [sampleTarget('core', { endings: ['.iso'] })] })).not.toContain('qemu-img');
    const none = page({ targets: [sampleTarget('core', { endings: ['.squashfs'] })] });
    expect(none).not.toContain('#install');
    const pushed = sampleTarget('core');
    const image = { digest: `sha256:${sha256('image')}`, reference: 'registry.example.com/os' };
    const text = page({ targets: [{ ...pushed, target: { ...pushed.target, image } }] });
    expect(text).toContain(
      `kairos-agent upgrade --source oci:registry.example.com/os@${image.digest} --reboot`,
    );
    expect(text).not.toContain('skopeo');
  });

  test('escapes texts from the configuration and from packages', () => {
    const hostile = `"'><script>alert(1)</script><img src=x onerror=alert(1)>`;
    const sample = sampleTarget('core', { packages: [deb(hostile, hostile)] });
    const { target } = sample;
    const files = target.files.map((file) => ({
      ...file,
      name: `${hostile}${file.name}`,
      signature: hostile,
    }));
    const kubernetes = { distribution: hostile, version: hostile };
    const image = { digest: target.image?.digest ?? '', reference: hostile };
    const changed = { ...target, name: hostile, flavor: hostile, flavorRelease: hostile, arch: hostile };
    const targets = [
      {
        ...sample,
        target: { ...changed, variant: hostile, model: hostile, kernel: hostile, kubernetes, image, files },
      },
    ];
    const before = sampleTarget(hostile, { packages: [deb('old', hostile)] });
    const same = { ...before.target, flavor: hostile, arch: hostile, variant: hostile, model: hostile };
    const previous = samplePrevious({ ...before, version: hostile, target: same });
    const text = page({ targets, previous, tool: hostile, isSigned: true });
    expect(text.match(/<script/g)).toHaveLength(1);
    expect(text).not.toMatch(/<img/);
    // Only the page's own attributes remain: no quote ends early.
    expect(text).not.toMatch(/ onerror=alert\(1\)>/);
  });

  test('escapes special characters of HTML, and keeps links inside the release', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeHtml(text)).not.toMatch(/[<>"']/);
        const isNamed = text !== '' && text.isWellFormed() && !/^\.{1,2}$|\/|\\/.test(text);
        if (!isNamed) return;
        const url = new URL(href(text), 'https://example.com/folder/');
        expect(url.origin + url.pathname).toBe(`https://example.com/folder/${encodeURIComponent(text)}`);
        expect(url.search + url.hash).toBe('');
      }),
    );
  });

  test('formats sizes, element ids and shell words', () => {
    expect([0, 1023, 1024, 1536, 1024 ** 2 - 1, 5 * 1024 ** 3].map(formatBytes)).toEqual([
      '0 B',
      '1023 B',
      '1.0 KiB',
      '1.5 KiB',
      '1024.0 KiB',
      '5.0 GiB',
    ]);
    expect([idOf('a.b'), idOf('a_b'), shellWord('a+b.iso'), shellWord("it's"), shellWord('-rf')]).toEqual([
      'a_2e_b',
      'a_5f_b',
      'a+b.iso',
      `'it'\\''s'`,
      `'-rf'`,
    ]);
  });
});
