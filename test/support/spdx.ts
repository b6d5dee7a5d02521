import { join } from 'node:path';
import { execa } from 'execa';
import { PROJECT } from './factory.ts';

/**
 * Validates a document with the reference implementation of SPDX in Python, which `scripts/setup --test` brings.
 * @returns what it complains about; empty when there is nothing
 */
export async function spdxComplaints(file: string): Promise<string> {
  const { exitCode, all } = await execa(
    'python3',
    ['-m', 'spdx_tools.spdx.clitools.pyspdxtools', '--infile', file, '--version', 'SPDX-2.3'],
    { env: { PYTHONPATH: join(PROJECT, '.tools/spdx-tools') }, reject: false, all: true },
  );
  return exitCode === 0 ? '' : (all ?? `it ended with ${exitCode}`);
}
