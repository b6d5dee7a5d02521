import {
  appendFileSync,
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { FactoryError } from '../../../../../src/common/errors/factory-error.ts';
import { cloneFile } from '../../../../../src/common/files/clone-file.ts';
import {
  type FinishOutcome,
  finishRelease,
} from '../../../../../src/factory/deliver/release/finish-release.ts';
import type { ReleasePorts } from '../../../../../src/factory/deliver/release/ports.ts';
import { releaseContents } from '../../../../../src/factory/deliver/release/release-contents.ts';
import { verifyReleaseFolder } from '../../../../../src/factory/deliver/release/verify-folder.ts';
import { openOutput } from '../../../../../src/factory/pipeline/workspace.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';
import { sampleTarget, sha256 } from './support/sample.ts';

// Texts are synced to the disk, which is slow on a machine with a busy disk.
vi.setConfig({ testTimeout: 60_000 });

const { signal } = new AbortController();
const runner = {
  run: () => Promise.reject(new Error('this test runs no programs')),
  locate: () => Promise.reject(new Error('this test runs no programs')),
};

/** Writes the output files of built targets and names a folder for their release. */
function prepare(
  names: readonly string[] = ['core', 'arm64'],
  version = 'v1.2.3',
  home = temporaryDirectory(),
) {
  const targets = names.map((name) => {
    const sample = sampleTarget(name, { version, arch: name === 'core' ? 'amd64' : 'arm64' });
    const sources = sample.sources.map((source) => {
      const text = source.file;
      plant(home, { [`build/${name}/${source.file}`]: text });
      const place = join(home, 'build', name, source.file);
      utimesSync(place, 1_700_000_000, 1_700_000_000);
      return { ...source, source: place, size: text.length, sha256: sha256(text) };
    });
    const files = sample.target.files.map((file) => ({
      ...file,
      size: file.name.length,
      sha256: sha256(file.name),
    }));
    return { ...sample, sources, target: { ...sample.target, files } };
  });
  const folder = join(home, 'release');
  return { home, folder, targets };
}
type Prepared = ReturnType<typeof prepare>;

async function finish(
  { folder, targets }: Prepared,
  ports: ReleasePorts = {},
  missing: readonly string[] = [],
): Promise<FinishOutcome> {
  const contents = releaseContents({
    targets,
    previous: undefined,
    tool: 'tool',
    isSigned: ports.sign !== undefined,
  });
  const output = await openOutput(folder);
  try {
    return await finishRelease(output, contents, {
      runner,
      signal,
      ports,
      missing,
      work: tmpdir(),
      say: () => undefined,
    });
  } finally {
    await output.close();
  }
}

/** All files with inode, modification time and content, to detect any change. */
function snapshot(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return Object.fromEntries(
    files.sort().flatMap((name) => {
      const stats = statSync(join(folder, name));
      if (!stats.isFile()) return [];
      return [[name, `${stats.ino} ${stats.mtimeMs} ${readFileSync(join(folder, name), 'utf8')}`]];
    }),
  );
}

/** Replaces cosign; as with cosign, each signature differs. Records which files it was asked to sign. */
function signer(): { ports: ReleasePorts; signed: string[] } {
  const signed: string[] = [];
  const bundles = (folder: string) =>
    readFileSync(join(folder, 'SHA256SUMS'), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => line.slice(66))
      .concat('SHA256SUMS')
      .map((name) => [name, join(folder, `${name.replace(/\/index\.json$/, '')}.sigstore.json`)] as const);
  const holds = (folder: string, name: string, bundle: string) =>
    existsSync(bundle) &&
    readFileSync(bundle, 'utf8').startsWith(sha256(readFileSync(join(folder, name), 'utf8')));
  const ports: ReleasePorts = {
    sign: async ({ path }) => {
      for (const [name, bundle] of bundles(path)) {
        if (holds(path, name, bundle)) continue;
        signed.push(name);
        writeFileSync(bundle, `${sha256(readFileSync(join(path, name), 'utf8'))} ${Math.random()}`);
      }
    },
    verify: async (folder) => {
      for (const [name, bundle] of bundles(folder))
        if (!holds(folder, name, bundle))
          throw new FactoryError('SIGNATURE_REFUSED', `${name} is not signed`);
    },
  };
  return { ports, signed };
}

describe('a release', () => {
  test('stays unchanged once it is finished', async () => {
    const prepared = prepare();
    expect(await finish(prepared)).toBe('finished');
    const files = snapshot(prepared.folder);
    expect(Object.keys(files)).toEqual(expect.arrayContaining(['SHA256SUMS', 'index.html', 'release.json']));
    expect(Object.keys(files)).not.toContain('UNFINISHED');
    expect(await finish(prepared)).toBe('unchanged');
    expect(snapshot(prepared.folder)).toEqual(files);
    await verifyReleaseFolder(prepared.folder, { signal });
  });

  test('shares disk blocks with the builds and keeps their modification times', async () => {
    const prepared = prepare(['core']);
    await finish(prepared);
    const [source] = prepared.targets[0]?.sources ?? [];
    const [there, here] = [source?.source ?? '', join(prepared.folder, source?.file ?? '')].map((path) =>
      statSync(path),
    );
    expect(here?.mtimeMs).toBe(there?.mtimeMs);
    // On a file system with reflinks, the clone has its own inode.
    if (here?.ino !== there?.ino) expect(here?.nlink).toBe(1);
    else expect(here?.nlink).toBe(2);
  });

  test('is marked as unfinished after an interruption, and the next run continues', async () => {
    // A run can end at every port that can fail.
    for (const moment of ['sign', 'verify'] as const) {
      const prepared = prepare();
      const { ports, signed } = signer();
      const interrupted = { ...ports, [moment]: () => Promise.reject(new Error('interrupted')) };
      await expect(finish(prepared, interrupted)).rejects.toThrow('interrupted');
      const before = snapshot(prepared.folder);
      expect(before['UNFINISHED']).toContain('This release is not finished');
      await expect(verifyReleaseFolder(prepared.folder, { signal })).rejects.toThrow(
        'not a complete release',
      );
      expect(await finish(prepared, ports)).toBe('finished');
      const after = snapshot(prepared.folder);
      for (const { file } of prepared.targets.flatMap(({ sources }) => sources))
        expect([file, after[file]]).toEqual([file, before[file]]);
      expect(after['UNFINISHED']).toBeUndefined();
      // Signed files keep their signatures; the two marker files of a finished release lost theirs.
      const again = signed.filter((name, index) => signed.indexOf(name) !== index);
      expect(again).toEqual(moment === 'sign' ? [] : ['release.json', 'SHA256SUMS']);
    }
  });

  test('loses release.json and SHA256SUMS before any change, and obsolete files', async () => {
    const prepared = prepare();
    const { ports } = signer();
    await finish(prepared, ports);
    const next = prepare(['core'], 'v1.2.4', prepared.home);
    let seen: string[] = [];
    const look: ReleasePorts = {
      ...ports,
      sign: async (output, context) => {
        seen = Object.keys(snapshot(output.path));
        await ports.sign?.(output, context);
      },
    };
    expect(await finish(next, look)).toBe('finished');
    expect(seen).toContain('UNFINISHED');
    expect(seen.filter((name) => /v1\.2\.3|SHA256SUMS\./.test(name))).toEqual([]);
    expect(Object.keys(snapshot(prepared.folder)).filter((name) => /v1\.2\.3|arm64/.test(name))).toEqual([]);
    expect(readdirSync(join(prepared.folder)).filter((name) => name.endsWith('.oci'))).toHaveLength(1);
  });

  test('gets a new signature only where the old one is invalid', async () => {
    const prepared = prepare();
    const { ports, signed } = signer();
    await finish(prepared, ports);
    const count = signed.length;
    expect(await finish(prepared, ports)).toBe('unchanged');
    expect(signed).toHaveLength(count);
    writeFileSync(join(prepared.folder, 'SHA256SUMS.sigstore.json'), 'another');
    const failure = await failureOf(() => finish(prepared, ports), 'verification');
    expect(failure.message).toBe('SHA256SUMS is not signed');
  });

  test('stays unfinished with missing targets; a finished release stays unchanged', async () => {
    const prepared = prepare();
    const some = { ...prepared, targets: prepared.targets.slice(0, 1) };
    expect(await finish(some, {}, ['arm64'])).toBe('unfinished');
    const files = Object.keys(snapshot(prepared.folder));
    expect(files).toContain('kairos-debian-12-core-amd64-generic-v1.2.3.iso');
    expect(files.filter((name) => ['SHA256SUMS', 'release.json', 'index.html'].includes(name))).toEqual([]);
    expect(readFileSync(join(prepared.folder, 'UNFINISHED'), 'utf8')).toContain('Missing targets: arm64\n');
    expect(await finish(prepared)).toBe('finished');
    const whole = snapshot(prepared.folder);
    expect(await finish(some, {}, ['arm64'])).toBe('kept');
    expect(snapshot(prepared.folder)).toEqual(whole);
  });

  test('refuses a folder with unrelated files', async () => {
    const prepared = prepare();
    plant(prepared.folder, { 'notes.txt': 'mine' });
    const other = await failureOf(() => finish(prepared), 'usage');
    expect([other.message, other.details]).toEqual([
      `${prepared.folder} is not empty and is not a release`,
      ['notes.txt'],
    ]);
    rmSync(join(prepared.folder, 'notes.txt'));
    await finish(prepared);
    plant(prepared.folder, { 'sub/notes.txt': 'mine' });
    const added = await failureOf(() => finish(prepared), 'usage');
    expect(added.details).toEqual(['sub/notes.txt']);
    expect(readFileSync(join(prepared.folder, 'sub/notes.txt'), 'utf8')).toBe('mine');
  });

  test('replaces a file that has only the size of the build’s file', async () => {
    const prepared = prepare(['core']);
    await finish(prepared);
    const file = prepared.targets[0]?.sources[0]?.file ?? '';
    rmSync(join(prepared.folder, file));
    writeFileSync(join(prepared.folder, file), 'x'.repeat(file.length));
    expect(await finish(prepared)).toBe('finished');
    expect(readFileSync(join(prepared.folder, file), 'utf8')).toBe(file);
  });

  test('stays unfinished when a file of a build does not match its checksum', async () => {
    const prepared = prepare(['core']);
    const source = prepared.targets[0]?.sources[0];
    writeFileSync(source?.source ?? '', 'x'.repeat(source?.size ?? 0));
    const { details } = await failureOf(() => finish(prepared), 'verification');
    expect(details.join()).toContain(`${source?.file}: has sha256`);
    expect(readdirSync(prepared.folder)).toContain('UNFINISHED');
  });
});

describe('verifying a release', () => {
  const blob = (names: readonly string[]) => names.find((name) => name.includes('/blobs/')) ?? '';
  const DAMAGE: readonly (readonly [string, (folder: string, names: string[]) => void, RegExp])[] = [
    [
      'a changed byte',
      (folder) => writeFileSync(join(folder, 'index.html'), 'changed'),
      /index\.html: has sha256/,
    ],
    [
      'a missing file',
      (folder, names) => rmSync(join(folder, names.find((name) => /raw$/.test(name)) ?? '')),
      /raw: missing/,
    ],
    [
      'a changed blob',
      (folder, names) => writeFileSync(join(folder, blob(names)), 'changed'),
      /blobs\/sha256\/\w+: has sha256/,
    ],
    ['an extra file', (folder) => plant(folder, { more: '' }), /more: not part of the release/],
    [
      'an extra blob',
      (folder, names) => plant(folder, { [`${blob(names)}0`]: '' }),
      /: not part of the release/,
    ],
    ['a link', (folder, names) => linked(folder, names), /iso: not a regular file/],
    [
      'a list without release.json',
      (folder) => strip(folder, /release\.json\n$/),
      /release\.json: not in SHA256SUMS/,
    ],
    [
      'a list that lacks a file',
      (folder) => strip(folder, /\w+ {2}\S+\.iso\n/),
      /iso: SHA256SUMS and release\.json differ/,
    ],
    ['no list', (folder) => rmSync(join(folder, 'SHA256SUMS')), /SHA256SUMS: missing/],
    ['an unfinished release', (folder) => plant(folder, { UNFINISHED: '' }), /the release is not finished/],
  ];

  function linked(folder: string, names: readonly string[]): void {
    const file = join(folder, names.find((name) => name.endsWith('.iso')) ?? '');
    const other = `${folder}.iso`;
    linkSync(file, other);
    rmSync(file);
    plant('', { [file]: { link: other } });
  }
  function strip(folder: string, pattern: RegExp): void {
    const file = join(folder, 'SHA256SUMS');
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(pattern);
    writeFileSync(
      file,
      text
        .split('\n')
        .filter((line) => line !== '' && !pattern.test(`${line}\n`))
        .map((line) => `${line}\n`)
        .join(''),
    );
  }

  test.each(DAMAGE)('finds %s', async (_what, damage, expected) => {
    const prepared = prepare(['core']);
    await finish(prepared);
    damage(prepared.folder, Object.keys(snapshot(prepared.folder)));
    const { details } = await failureOf(
      () => verifyReleaseFolder(prepared.folder, { signal }),
      'verification',
    );
    expect(details.join('\n')).toMatch(expected);
  });
});

describe('cloning a file', () => {
  test('shares its blocks or links it', async () => {
    const home = plant(temporaryDirectory(), { source: 'content', taken: 'other' });
    const made = await cloneFile(join(home, 'source'), join(home, 'target'), {
      mtime: new Date(5000),
      signal,
    });
    expect(['reflink', 'link']).toContain(made);
    expect(readFileSync(join(home, 'target'), 'utf8')).toBe('content');
  });

  test.skipIf(statSync('/dev/shm', { throwIfNoEntry: false })?.dev === statSync(tmpdir()).dev)(
    'copies it to another file system, with holes and modification time',
    async () => {
      const home = temporaryDirectory();
      const away = `/dev/shm/${home.split('/').at(-1)}`;
      const size = 24 * 1024 * 1024;
      writeFileSync(join(home, 'source'), '');
      truncateSync(join(home, 'source'), size);
      appendFileSync(join(home, 'source'), 'end');
      try {
        const made = await cloneFile(join(home, 'source'), away, { mtime: new Date(5000), signal });
        const { blocks, mtimeMs } = statSync(away);
        expect([made, mtimeMs, blocks * 512 < size / 2]).toEqual(['copy', 5000, true]);
        expect(readFileSync(away).equals(readFileSync(join(home, 'source')))).toBe(true);
      } finally {
        rmSync(away, { force: true });
      }
    },
  );
});
