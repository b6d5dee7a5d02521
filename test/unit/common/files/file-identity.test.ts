import { linkSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { fileIdentity, isSameFile } from '../../../../src/common/files/file-identity.ts';
import { DIRECTORY, plant, temporaryDirectory } from '../../support/temporary.ts';

/** A file like a finished artifact, with the time of its image. */
async function made() {
  const home = plant(temporaryDirectory(), { file: 'content', folder: DIRECTORY });
  const files = [join(home, 'folder'), join(home, 'file')];
  const [, file = ''] = files;
  utimesSync(file, 1000, 1000);
  const before = await fileIdentity(files);
  // Filesystem times have a granularity; later changes must get later times.
  await setTimeout(20);
  return { home, file, isSame: async () => isSameFile(await fileIdentity(files), before) };
}

describe('a file is considered the same', () => {
  test('while it is unchanged, and when it gets a hard link', async () => {
    const { home, file, isSame } = await made();
    expect(await isSame()).toBe(true);
    linkSync(file, join(home, 'release'));
    expect(await isSame()).toBe(true);
  });

  test('but not after a write, even with its time restored, nor when a link was removed', async () => {
    const written = await made();
    writeFileSync(written.file, 'CONTENT');
    utimesSync(written.file, 1000, 1000);
    expect(await written.isSame()).toBe(false);
    const unlinked = await made();
    linkSync(unlinked.file, join(unlinked.home, 'release'));
    rmSync(join(unlinked.home, 'release'));
    expect(await unlinked.isSame()).toBe(false);
  });

  test('nor when its hard link was written to or replaced', async () => {
    const linked = await made();
    linkSync(linked.file, join(linked.home, 'release'));
    writeFileSync(join(linked.home, 'release'), 'CONTENT');
    expect(await linked.isSame()).toBe(false);
    const replaced = await made();
    plant(replaced.home, { other: 'content' });
    utimesSync(join(replaced.home, 'other'), 1000, 1000);
    renameSync(join(replaced.home, 'other'), replaced.file);
    expect(await replaced.isSame()).toBe(false);
  });
});
