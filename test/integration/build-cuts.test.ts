import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chooseCuts, type Span } from '../support/cuts/choose-cuts.ts';
import { CUTS, SEED } from '../support/cuts/cuts-asked.ts';
import { canExport, exportImage } from '../support/cuts/exported-image.ts';
import { replayLog } from '../support/cuts/replay.ts';
import { readLog } from '../support/cuts/write-log.ts';
import { factory, TEST_HOME, testBuild } from '../support/factory.ts';
import { randomNumbers } from '../support/random.ts';
import { makeTinyRoot } from '../support/tiny-root.ts';
import { tool } from '../support/tool.ts';

const MIB = 8 * 1024;
/** For each cut, and the build after it. */
const TIMEOUT = 600_000;

/** Digests of the finished files below a directory, by path. */
async function finishedFiles(directory: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const found: Record<string, string> = {};
  for (const file of files.map((path) => path.slice(directory.length + 1)).sort()) {
    if (/(^|\/)\.|\.lock$/.test(file)) continue;
    const hash = createHash('sha256');
    await pipeline(createReadStream(join(directory, file)), hash);
    found[file] = hash.digest('hex');
  }
  return found;
}

describe.runIf(CUTS > 0 && (await canExport()))(`power cuts of a build, replayed, seed ${SEED}`, () => {
  let home: string;
  let at: string;
  let log: string;
  let span: Span;
  let args: readonly string[];
  let whole: Readonly<Record<string, string>>;
  const build = () => factory(args, { env: { KAIROS_FACTORY_CACHE: join(at, 'cache') } });

  beforeAll(async () => {
    const debian = await testBuild();
    home = await mkdtemp(join(TEST_HOME, 'build-cuts-'));
    at = join(home, 'mounted');
    log = join(home, 'build.log');
    await mkdir(at);
    await tool('truncate', '--size', '0', log);
    await tool('truncate', '--size', `${MIB}M`, join(home, 'disk.raw'));
    args = ['build', '--flavor', 'any', '--base', await makeTinyRoot(home), '--artifact', 'oci,squashfs,iso'];
    args = [...args, '--kernel-from', `oci:${debian.artifact('oci')}`, '--compression', 'fast'];
    args = [...args, '--output', join(at, 'out')];
    const drive = 'driver=blklogwrites,log-sector-size=512';
    await using image = await exportImage(
      join(home, 'recorded.img'),
      `${drive},file.driver=file,file.filename=${home}/disk.raw,log.driver=file,log.filename=${log}`,
    );
    await tool('mkfs.ext4', '-q', '-F', '-E', 'nodiscard,lazy_itable_init=1', image.path);
    await tool('mount', '-o', 'loop', image.path, at);
    try {
      await tool('sync', '-f', at);
      const start = (await stat(log)).size;
      const { status, stderr } = await build();
      expect(status, stderr).toBe(0);
      span = { start, end: (await stat(log)).size };
      whole = await finishedFiles(join(at, 'out'));
    } finally {
      await tool('umount', at);
    }
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  test(
    `leave finished files only, and a cache that leads to the same bytes: ${CUTS} cuts`,
    async () => {
      const entries = await readLog(log, span.end);
      const cuts = chooseCuts(entries, span, { count: CUTS, random: randomNumbers(SEED) });
      await using replay = await replayLog(home, { log, entries, mib: MIB });
      for (const cut of cuts.sort((a, b) => a.index - b.index)) {
        const where = JSON.stringify(cut);
        await using image = await replay.after(cut);
        await tool('mount', '-o', 'loop', image.path, at);
        try {
          const left = await finishedFiles(join(at, 'out'));
          const known = Object.fromEntries(Object.keys(left).map((path) => [path, whole[path]]));
          expect(left, where).toEqual(cut.done ? whole : known);
          const { status, stderr } = await build();
          expect(status, `${where}\n${stderr}`).toBe(0);
          expect(await finishedFiles(join(at, 'out')), where).toEqual(whole);
          process.stderr.write(`cut ${where}: ${Object.keys(left).length} files, built again\n`);
        } finally {
          await tool('umount', at);
        }
      }
    },
    TIMEOUT * (CUTS + 1),
  );
});
