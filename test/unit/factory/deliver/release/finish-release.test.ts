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

// Texts are synced to the disk, which takes its time on a machine whose disk is busy.
vi.setConfig({ testTimeout: 60_000 });

const { signal } = new AbortController();
const runner = {
  run: () => Promise.reject(new Error('no program runs here')),
  locate: () => Promise.reject(new Error('no program runs here')),
};

/** Builds of targets as files on a disk, and a folder for their release. */
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

/** All files with what tells whether they were touched. */
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

/** Stands in for cosign, whose signatures differ each time: what the ports are asked for is what is tested here. */
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
  test('is finished once, and not touched again', async () => {
    const prepared = prepare();
    expect(await finish(prepared)).toBe('finished');
    const files = snapshot(prepared.folder);
    expect(Object.keys(files)).toEqual(expect.arrayContaining(['SHA256SUMS', 'index.html', 'release.json']));
    expect(Object.keys(files)).not.toContain('UNFINISHED');
    expect(await finish(prepared)).toBe('unchanged');
    expect(snapshot(prepared.folder)).toEqual(files);
    await verifyReleaseFolder(prepared.folder, { signal });
  });

  test('shares the disk with the builds, and keeps their times', async () => {
    const prepared = prepare(['core']);
    await finish(prepared);
    const [source] = prepared.targets[0]?.sources ?? [];
    const [there, here] = [source?.source ?? '', join(prepared.folder, source?.file ?? '')].map((path) =>
      statSync(path),
    );
    expect(here?.mtimeMs).toBe(there?.mtimeMs);
    // A file system with shared blocks gives it an inode of its own.
    if (here?.ino !== there?.ino) expect(here?.nlink).toBe(1);
    else expect(here?.nlink).toBe(2);
  });

  test('that is cut off at any moment says so, and the next run goes on with what is there', async () => {
    // Every port that may fail is a moment at which a run may end.
    for (const moment of ['sign', 'verify'] as const) {
      const prepared = prepare();
      const { ports, signed } = signer();
      const cut = { ...ports, [moment]: () => Promise.reject(new Error('cut')) };
      await expect(finish(prepared, cut)).rejects.toThrow('cut');
      const before = snapshot(prepared.folder);
      expect(before['UNFINISHED']).toContain('This release is not finished');
      await expect(verifyReleaseFolder(prepared.folder, { signal })).rejects.toThrow('no whole release');
      expect(await finish(prepared, ports)).toBe('finished');
      const after = snapshot(prepared.folder);
      for (const { file } of prepared.targets.flatMap(({ sources }) => sources))
        expect([file, after[file]]).toEqual([file, before[file]]);
      expect(after['UNFINISHED']).toBeUndefined();
      // What had its signature keeps it; the two marks of a whole release went with theirs.
      const again = signed.filter((name, index) => signed.indexOf(name) !== index);
      expect(again).toEqual(moment === 'sign' ? [] : ['release.json', 'SHA256SUMS']);
    }
  });

  test('loses release.json and SHA256SUMS before anything changes, and files that it has no longer', async () => {
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

  test('is signed again only where a signature no longer holds', async () => {
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

  test('that lacks targets has the files of the others, and the mark; a finished one stays as it is', async () => {
    const prepared = prepare();
    const some = { ...prepared, targets: prepared.targets.slice(0, 1) };
    expect(await finish(some, {}, ['arm64'])).toBe('unfinished');
    const files = Object.keys(snapshot(prepared.folder));
    expect(files).toContain('kairos-debian-12-core-amd64-generic-v1.2.3.iso');
    expect(files.filter((name) => ['SHA256SUMS', 'release.json', 'index.html'].includes(name))).toEqual([]);
    expect(readFileSync(join(prepared.folder, 'UNFINISHED'), 'utf8')).toContain(
      'Targets that are missing: arm64\n',
    );
    expect(await finish(prepared)).toBe('finished');
    const whole = snapshot(prepared.folder);
    expect(await finish(some, {}, ['arm64'])).toBe('kept');
    expect(snapshot(prepared.folder)).toEqual(whole);
  });

  test('goes into no folder with files of others', async () => {
    const prepared = prepare();
    plant(prepared.folder, { 'notes.txt': 'mine' });
    const other = await failureOf(() => finish(prepared), 'usage');
    expect([other.message, other.details]).toEqual([
      `${prepared.folder} is not empty, and no release`,
      ['notes.txt'],
    ]);
    rmSync(join(prepared.folder, 'notes.txt'));
    await finish(prepared);
    plant(prepared.folder, { 'sub/notes.txt': 'mine' });
    const added = await failureOf(() => finish(prepared), 'usage');
    expect(added.details).toEqual(['sub/notes.txt']);
    expect(readFileSync(join(prepared.folder, 'sub/notes.txt'), 'utf8')).toBe('mine');
  });

  test('does not take a file for the build’s that has only its size', async () => {
    const prepared = prepare(['core']);
    await finish(prepared);
    const file = prepared.targets[0]?.sources[0]?.file ?? '';
    rmSync(join(prepared.folder, file));
    writeFileSync(join(prepared.folder, file), 'x'.repeat(file.length));
    expect(await finish(prepared)).toBe('finished');
    expect(readFileSync(join(prepared.folder, file), 'utf8')).toBe(file);
  });

  test('stays unfinished when the builds’ files are not what their checksums say', async () => {
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
    ['a file more', (folder) => plant(folder, { more: '' }), /more: belongs to no release/],
    ['a blob more', (folder, names) => plant(folder, { [`${blob(names)}0`]: '' }), /: belongs to no release/],
    ['a link', (folder, names) => linked(folder, names), /iso: no regular file/],
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
    ['an unfinished one', (folder) => plant(folder, { UNFINISHED: '' }), /the release is not finished/],
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
  test('links or shares it, and refuses to write over another', async () => {
    const home = plant(temporaryDirectory(), { source: 'content', taken: 'other' });
    const made = await cloneFile(
      join(home, 'source'),
      join(home, 'target'),
      { mtime: new Date(5000) },
      signal,
    );
    expect(['reflink', 'link']).toContain(made);
    expect(readFileSync(join(home, 'target'), 'utf8')).toBe('content');
  });

  test.skipIf(statSync('/dev/shm', { throwIfNoEntry: false })?.dev === statSync(tmpdir()).dev)(
    'copies it to another file system, with its holes and times',
    async () => {
      const home = temporaryDirectory();
      const away = `/dev/shm/${home.split('/').at(-1)}`;
      const size = 24 * 1024 * 1024;
      writeFileSync(join(home, 'source'), '');
      truncateSync(join(home, 'source'), size);
      appendFileSync(join(home, 'source'), 'end');
      try {
        const made = await cloneFile(join(home, 'source'), away, { mtime: new Date(5000) }, signal);
        const { blocks, mtimeMs } = statSync(away);
        expect([made, mtimeMs, blocks * 512 < size / 2]).toEqual(['copy', 5000, true]);
        expect(readFileSync(away).equals(readFileSync(join(home, 'source')))).toBe(true);
      } finally {
        rmSync(away, { force: true });
      }
    },
  );
});
