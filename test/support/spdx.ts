import { join } from 'node:path';
import { execa } from 'execa';
import { PROJECT } from './factory.ts';

/**
 * Validates a document with the Python reference implementation of SPDX, which `scripts/setup --test` installs.
 * @returns its error messages; empty when the document is valid
 */
export async function spdxComplaints(file: string): Promise<string> {
  const { exitCode, all } = await execa(
    'python3',
    ['-m', 'spdx_tools.spdx.clitools.pyspdxtools', '--infile', file, '--version', 'SPDX-2.3'],
    { env: { PYTHONPATH: join(PROJECT, '.tools/spdx-tools') }, reject: false, all: true },
  );
  return exitCode === 0 ? '' : (all ?? `it ended with ${exitCode}`);
}
