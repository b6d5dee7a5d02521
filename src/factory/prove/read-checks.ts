import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { NodeCheck } from './node-checks.ts';

const LARGEST = 256 * 1024;

/**
 * Reads a person's own checks: a shell script, or a directory of them, in alphabetical order. They run as root in the machine.
 * @throws FactoryError `usage` when a file is missing, empty or too large
 */
export async function readChecks(path: string): Promise<NodeCheck[]> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) throw unusable(path, 'does not exist');
  const names = stats.isDirectory()
    ? (await readdir(path)).filter((name) => !name.startsWith('.')).sort()
    : [''];
  if (names.length === 0) throw unusable(path, 'has no scripts');
  return Promise.all(names.map((name) => readCheck(name === '' ? path : join(path, name))));
}

async function readCheck(file: string): Promise<NodeCheck> {
  const stats = await stat(file);
  if (!stats.isFile()) throw unusable(file, 'is not a file');
  if (stats.size === 0 || stats.size > LARGEST) throw unusable(file, `does not have 1 to ${LARGEST} bytes`);
  return { name: basename(file), script: await readFile(file, 'utf8') };
}

function unusable(file: string, problem: string): FactoryError {
  return new FactoryError('FILE_NOT_FOUND', `--checks: ${file} ${problem}`, {
    remedy: 'Give a shell script, or a directory of shell scripts.',
  });
}
