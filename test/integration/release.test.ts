import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createNodeFetch } from '../../src/common/http/node-fetch.ts';
import type { ReleaseReport } from '../../src/factory/deliver/release/make-release.ts';
import { openPrevious, type PreviousAccess } from '../../src/factory/deliver/release/read-previous.ts';
import { releaseContents } from '../../src/factory/deliver/release/release-contents.ts';
import type { Release } from '../../src/factory/deliver/release/schema.ts';
import { verifyReleaseFolder } from '../../src/factory/deliver/release/verify-folder.ts';
import { createRunner } from '../../src/factory/tools/runner.ts';
import { type BrowserPage, startChromium } from '../support/chromium.ts';
import { generateKeyPair } from '../support/cosign.ts';
import { factory, OVERLAY, PROJECT, TEST_HOME, type TestBuild, testBuild } from '../support/factory.ts';
import { startRegistry } from '../support/registry.ts';
import { makeTinyRoot } from '../support/tiny-root.ts';
import { tool } from '../support/tool.ts';
import { sampleTarget } from '../unit/factory/deliver/release/support/sample.ts';

const { signal } = new AbortController();

interface SpdxPackages {
  readonly packages: { readonly name: string; versionInfo: string }[];
}

describe('a release of two targets', () => {
  let home: string;
  let debian: TestBuild;
  let tiny: string;
  let folder: string;
  let release: Release;

  beforeAll(async () => {
    debian = await testBuild();
    home = await mkdtemp(join(TEST_HOME, 'release-'));
    tiny = await makeTinyRoot(home);
    folder = join(home, 'release');
    const { status, stdout, stderr } = await run(['--json']);
    expect(status, stderr).toBe(0);
    release = (JSON.parse(stdout) as ReleaseReport).release as Release;
  });
  afterAll(() => tool('rm', '-rf', home));

  /** The Debian image that other tests share, and a BusyBox root with its kernel. */
  async function run(args: readonly string[], tinyTarget: object = {}) {
    const configuration = {
      version: 'v1.2.3',
      compression: 'fast',
      targets: [
        {
          ...{ name: 'debian', flavor: 'debian', base: 'bootstrap:bookworm', kernel: 'cloud' },
          ...{ 'overlay-rootfs': OVERLAY, artifacts: ['oci', 'squashfs'] },
        },
        {
          ...{ name: 'tiny+1', flavor: 'any', base: tiny, 'kernel-from': `oci:${debian.artifact('oci')}` },
          ...{ artifacts: ['squashfs'], ...tinyTarget },
        },
      ],
    };
    await writeFile(join(home, 'kairos-factory.yaml'), JSON.stringify(configuration));
    return factory(['release', ...args], { cwd: home });
  }

  /** The files that a later release reads. */
  async function described(): Promise<string[]> {
    const names = await readdir(folder);
    return names.filter((name) => name === 'release.json' || name.endsWith('.spdx.json'));
  }

  /** The properties that show whether a file was changed. */
  async function stamps(): Promise<Record<string, string>> {
    const names = await readdir(folder, { recursive: true });
    const all = await Promise.all(names.map(async (name) => [name, await stat(join(folder, name))] as const));
    const files = all.filter(([, stats]) => stats.isFile());
    return Object.fromEntries(files.map(([name, { ino, mtimeMs }]) => [name, `${ino} ${mtimeMs}`]));
  }

  test('has the files of both under their names, with valid checksums', async () => {
    expect(release).toMatchObject({
      version: 'v1.2.3',
      targets: [
        {
          name: 'debian',
          flavor: 'debian',
          flavorRelease: '12',
          arch: 'amd64',
          kernel: /^6\.1\..*cloud-amd64$/,
        },
        { name: 'tiny+1', flavor: 'tiny', flavorRelease: '1', variant: 'core' },
      ].map(({ kernel, ...rest }) => ({
        ...rest,
        ...(kernel ? { kernel: expect.stringMatching(kernel) } : {}),
      })),
    });
    const names = await readdir(folder);
    const [one, two] = ['debian-12', 'tiny-1'].map((name) => `kairos-${name}-core-amd64-generic-v1.2.3`);
    const endings = ['.squashfs', '.spdx.json', '.cdx.json', '.provenance.json'];
    const ofTargets = [one, two].flatMap((stem) => endings.map((ending) => `${stem}${ending}`));
    expect(names.sort()).toEqual(
      ['SHA256SUMS', 'index.html', 'release.json', `${one}.oci`, ...ofTargets].sort(),
    );
    expect(await verifyReleaseFolder(folder, { signal })).toEqual(release);
    await tool('sh', '-c', 'cd "$1" && sha256sum --check --strict SHA256SUMS', 'sh', folder);
    const { manifests } = JSON.parse(await readFile(join(folder, `${one}.oci/index.json`), 'utf8'));
    expect(release.targets[0]?.image?.digest).toBe(manifests[0].digest);
  });

  test('is complete after one run: the next run builds and changes nothing', async () => {
    const before = await stamps();
    const { status, stdout, stderr } = await run(['--json']);
    expect(status, stderr).toBe(0);
    const report = JSON.parse(stdout) as ReleaseReport & {
      targets: { steps: { id: string; cached: boolean }[] }[];
    };
    expect(report.outcome).toBe('unchanged');
    const ran = report.targets.flatMap(({ steps }) =>
      steps.filter(({ cached }) => !cached).map(({ id }) => id),
    );
    expect(ran).toEqual([]);
    expect(await stamps()).toEqual(before);
  });

  test('can be signed, and verified with the same key', async () => {
    const { privateKey, publicKey } = await generateKeyPair(home, 'release');
    const env = { PATH: `${join(PROJECT, '.tools/bin')}:${process.env['PATH']}` };
    const args = ['release', '--output', 'signed', '--sign', privateKey];
    const { status, stdout, stderr } = await factory(args, { cwd: home, env });
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/^Release v1\.2\.3 in signed is finished, and verified/);
    const verified = await factory(['verify', 'signed', '--key', publicKey], { cwd: home });
    expect(verified.status, verified.stderr).toBe(0);
    const again = await factory(args, { cwd: home, env });
    expect([again.status, again.stdout]).toEqual([0, expect.stringContaining('is up to date')]);
  });

  test('with a failed target stays unfinished, and the next run continues', async () => {
    const other = ['--output', join(home, 'other'), '--continue-on-error'];
    await writeFile(join(home, 'broken.tar'), 'no tar');
    const failed = await run(other, { base: join(home, 'broken.tar') });
    expect(failed.status).toBe(4);
    expect(failed.stdout).toContain('The release in other is not finished. Missing targets: tiny+1.');
    const names = await readdir(join(home, 'other'));
    expect(names).toContain('UNFINISHED');
    expect(names.filter((name) => /release\.json|SHA256SUMS|index\.html/.test(name))).toEqual([]);
    const image = names.find((name) => name.endsWith('.squashfs')) ?? '';
    const { mtimeMs, ino } = await stat(join(home, 'other', image));

    const { status, stdout, stderr } = await run(other);
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/^Release v1\.2\.3 in other is finished, and verified: \d+ files/);
    expect(await stat(join(home, 'other', image))).toMatchObject({ mtimeMs, ino });
    expect(await readdir(join(home, 'other'))).not.toContain('UNFINISHED');
    // A finished release is kept when only some targets are requested.
    const part = await run([...other, '--only', 'debian']);
    expect([part.status, part.stdout]).toEqual([0, expect.stringContaining('is kept.')]);
  });

  test('is refused before anything is built if names would clash or the folder has other content', async () => {
    const same = {
      flavor: 'debian',
      base: 'bootstrap:bookworm',
      'kernel-from': null,
      'overlay-rootfs': null,
    };
    const clash = await run(['--output', join(home, 'third')], same);
    expect([clash.status, clash.stderr]).toEqual([
      2,
      expect.stringContaining('the files of targets debian and tiny+1 would have the same names'),
    ]);
    expect(clash.stderr).not.toContain('[debian/');
    const taken = await run(['--output', home]);
    expect([taken.status, taken.stderr]).toEqual([
      2,
      expect.stringMatching(/where a build writes|is not empty/),
    ]);
  });

  describe('as a page', () => {
    let page: BrowserPage;
    beforeAll(async () => {
      page = await startChromium();
    });
    afterAll(() => page?.[Symbol.asyncDispose]());
    const address = () => pathToFileURL(join(folder, 'index.html')).href;

    test.each([
      [360, 'light'],
      [360, 'dark'],
      [1280, 'light'],
      [1280, 'dark'],
    ] as const)('fits %i pixels, %s', async (width, scheme) => {
      await page.open(address(), { width, scheme });
      await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
      const [scroll = 0, inner = 0] = await page.evaluate<number[]>(
        '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
      );
      expect(scroll).toBeLessThanOrEqual(inner);
      const outside = await page.evaluate<string[]>(
        `[...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > ${width} + 1).map((one) => one.outerHTML.slice(0, 99))`,
      );
      expect(outside).toEqual([]);
      // WCAG 2.2, 1.4.3: contrast of every text with its background.
      expect(await page.evaluate<string[]>(CONTRAST)).toEqual([]);
      // The page requests nothing else, and violates no policy.
      expect(page.requests().filter((url) => !url.startsWith('data:'))).toEqual([address()]);
      expect(page.messages()).toEqual([]);
    });

    test('links to existing files, and copies checksums', async () => {
      await page.open(address(), { width: 1280 });
      const links = await page.evaluate<string[]>('[...document.links].map((one) => one.href)');
      expect(links.length).toBeGreaterThan(8);
      for (const link of links) expect((await stat(new URL(link.split('#')[0] ?? ''))).isFile()).toBe(true);
      const targets = await page.evaluate<boolean[]>(
        `[...document.links].filter((one) => one.hash).map((one) => document.getElementById(decodeURIComponent(one.hash.slice(1))) !== null)`,
      );
      expect(targets.every(Boolean)).toBe(true);
      const [text, status, copied] = await page.evaluate<string[]>(
        `(async () => {
          const button = document.querySelector('button[data-copy^=sum-]');
          const text = document.getElementById(button.dataset.copy).textContent;
          button.click();
          for (let count = 0; count < 100 && button.dataset.done === undefined; count++) await new Promise((go) => setTimeout(go, 20));
          return [text, document.getElementById('copy-status').textContent, await navigator.clipboard.readText()];
        })()`,
      );
      expect([status, copied]).toEqual(['Copied', text]);
      expect(release.targets[0]?.files.map(({ sha256 }) => sha256)).toContain(copied);
    });

    test('is accessible with impaired vision, and its controls have names', async () => {
      await page.open(address(), { width: 1280 });
      const found = await page.evaluate<Record<string, unknown>>(`({
        lang: document.documentElement.lang,
        title: document.title,
        main: document.querySelectorAll('main').length,
        headings: [...document.querySelectorAll('h1,h2,h3,h4')].map((one) => Number(one.tagName[1])),
        unnamed: [...document.querySelectorAll('a,button,summary')].filter((one) => one.textContent.trim() === '').length,
        twice: [...document.querySelectorAll('[id]')].length - new Set([...document.querySelectorAll('[id]')].map((one) => one.id)).size,
        labels: [...document.querySelectorAll('[aria-labelledby]')].filter((one) => !document.getElementById(one.getAttribute('aria-labelledby'))).length,
      })`);
      const headings = found['headings'] as number[];
      expect(found).toMatchObject({
        lang: 'en',
        title: 'Kairos v1.2.3',
        main: 1,
        unnamed: 0,
        twice: 0,
        labels: 0,
      });
      expect(headings.filter((level) => level === 1)).toHaveLength(1);
      for (const [index, level] of headings.entries())
        expect(level).toBeLessThanOrEqual((headings[index - 1] ?? 0) + 1);
    });

    test('needs no script', async () => {
      await using plain = await startChromium({ scripts: false });
      await plain.open(address(), { width: 360 });
      const text = await plain.evaluate<string>('document.body.innerText');
      for (const { name, sha256 } of release.targets.flatMap(({ files }) =>
        files.filter(({ role }) => role === 'squashfs'),
      ))
        expect([text.includes(name), text.includes(sha256)]).toEqual([true, true]);
      const buttons =
        "[...document.querySelectorAll('button')].filter((one) => one.offsetParent !== null).length";
      expect(await plain.evaluate<number>(buttons)).toBe(0);
    });
  });

  test('can be verified with the command on its page, if cosign has signed it', async () => {
    const sample = {
      targets: [sampleTarget('core')],
      previous: undefined,
      tool: 'kairos-factory',
      isSigned: true,
    };
    const text = releaseContents(sample).texts.get('index.html') ?? '';
    const command = /<code id="how-signature">cosign ([^<]+)</.exec(text)?.[1]?.split(' ') ?? [];
    const place = join(home, 'signed-by-hand');
    await mkdir(place);
    await cp(join(folder, 'SHA256SUMS'), join(place, 'SHA256SUMS'));
    const { privateKey } = await generateKeyPair(place, 'release');
    const cosign = (...args: string[]) =>
      tool(
        'env',
        '-C',
        place,
        `HOME=${place}`,
        'COSIGN_PASSWORD=',
        join(PROJECT, '.tools/bin/cosign'),
        ...args,
      );
    await cosign('signing-config', 'create', '--out', 'config.json');
    const bundle = ['--signing-config', 'config.json', '--bundle', 'SHA256SUMS.sigstore.json'];
    await cosign('sign-blob', '--key', privateKey, '--yes', ...bundle, 'SHA256SUMS');
    await cosign(...command);
    await writeFile(join(place, 'SHA256SUMS'), 'another');
    await expect(cosign(...command)).rejects.toThrow('invalid signature');
  });

  test('can be compared with by folder, URL and registry', async () => {
    const runner = createRunner({ signal, log: () => undefined, env: process.env });
    const access: PreviousAccess = {
      registries: { runner, registries: [], env: process.env },
      ...{ fetch: createNodeFetch({ env: process.env }), signal, offline: false, notice: () => undefined },
    };
    expect((await openPrevious(folder, access)).release).toEqual(release);
    const server = createServer(async (request, response) => {
      const content = await readFile(join(folder, decodeURIComponent(request.url ?? ''))).catch(
        () => undefined,
      );
      response.writeHead(content ? 200 : 404).end(content);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      expect((await openPrevious(`${address}/`, access)).release).toEqual(release);
      expect((await openPrevious(`${address}/release.json`, access)).release).toEqual(release);
      await expect(openPrevious(`${address}/none`, access)).rejects.toThrow('responds with HTTP 404');
      await expect(openPrevious(address, { ...access, offline: true })).rejects.toThrow(
        '--offline fetches nothing',
      );
    } finally {
      server.close();
    }
    await using registry = await startRegistry();
    const layers = await Promise.all(
      (await described()).map(async (name) => {
        const content = await readFile(join(folder, name));
        return {
          mediaType: 'application/json',
          digest: await registry.pushBlob('team/release', content),
          size: content.length,
          annotations: { 'org.opencontainers.image.title': name },
        };
      }),
    );
    const empty = {
      mediaType: 'application/vnd.oci.empty.v1+json',
      digest: await registry.pushBlob('team/release', '{}'),
      size: 2,
    };
    const manifest = {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: empty,
      layers,
    };
    await registry.pushManifest('team/release', manifest, 'v1.2.3');
    const place = `docker://${registry.host}/team/release:v1.2.3`;
    expect((await openPrevious(place, access)).release).toEqual(release);
  });

  test('lists the packages that changed since', async () => {
    const before = join(home, 'before');
    await mkdir(before);
    for (const name of await described()) await cp(join(folder, name), join(before, name));
    const [bill = ''] = (await readdir(before)).filter((name) => /debian.*spdx/.test(name));
    const known = JSON.parse(await readFile(join(before, bill), 'utf8')) as SpdxPackages;
    for (const one of known.packages) if (one.name === 'bash') one.versionInfo = '1.0-1';
    const changed = JSON.stringify(known);
    await writeFile(join(before, bill), changed);
    const sums = release.targets.flatMap(({ files }) => files).find(({ name }) => name === bill);
    const description = await readFile(join(before, 'release.json'), 'utf8');
    const sha256 = createHash('sha256').update(changed).digest('hex');
    await writeFile(join(before, 'release.json'), description.replace(sums?.sha256 ?? '', sha256));
    const { status, stdout, stderr } = await run(['--previous', before, '--json']);
    expect(status, stderr).toBe(0);
    const report = JSON.parse(stdout) as ReleaseReport;
    expect(report).toMatchObject({ outcome: 'finished', release: { previous: { version: 'v1.2.3' } } });
    const changelog = await readFile(join(folder, 'CHANGELOG.md'), 'utf8');
    expect(changelog).toMatch(/## debian\n\n### Upgraded: 1\n\n.*\n.*\n\| bash \| amd64 \| 1\.0-1 \| 5\./);
    expect(changelog).toContain('## tiny+1\n\nNo package changed.');
    const self = await run(['--previous', folder]);
    expect([self.status, self.stderr]).toEqual([
      2,
      expect.stringContaining('cannot be compared with itself'),
    ]);
    await rm(before, { recursive: true });
  });
});

/** The texts of a page whose contrast with their background is below 4.5:1. */
const CONTRAST = `(() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = parse(color).map((value) => value / 255).map((value) => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if ((parse(color)[3] ?? 1) === 1) return color;
    }
    return 'rgb(255,255,255)';
  };
  const texts = [...document.querySelectorAll('body *')].filter((one) => one.offsetParent && [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
  return texts.filter((one) => {
    const [a, b] = [light(getComputedStyle(one).color), light(behind(one))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05) < 4.5;
  }).map((one) => one.outerHTML.slice(0, 99));
})()`;
