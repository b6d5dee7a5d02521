import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import packageJson from '../../package.json' with { type: 'json' };
import { PROJECT, TEST_HOME } from './factory.ts';

const NAME = `${packageJson.name}-${packageJson.version}.tgz`;
/** What the package is made from. */
const SOURCES = [
  'bin',
  'dist',
  'docs',
  'flavors',
  'models',
  'templates',
  'package.json',
  'README.md',
  'CHANGELOG.md',
];

/** The npm package of the built program, packed when it has changed. @returns the path of the file */
export async function packedProgram(): Promise<string> {
  const directory = join(TEST_HOME, 'packed');
  const file = join(directory, NAME);
  if (existsSync(file) && (await stat(file)).mtimeMs > (await newest())) return file;
  const work = `${directory}.partial`;
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  // The built program is there already, and what a test runs must not change below it.
  await execa('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', work], { cwd: PROJECT });
  await rm(directory, { recursive: true, force: true });
  await rename(work, directory);
  return file;
}

async function newest(): Promise<number> {
  const times = await Promise.all(
    SOURCES.map(async (source) => {
      const path = join(PROJECT, source);
      if (!(await stat(path)).isDirectory()) return [(await stat(path)).mtimeMs];
      const below = await readdir(path, { recursive: true });
      return Promise.all(below.map(async (name) => (await stat(join(path, name))).mtimeMs));
    }),
  );
  return Math.max(...times.flat());
}
