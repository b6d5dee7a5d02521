import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeInPlace } from '../../common/files/output-file.ts';
import { parseJson } from '../../common/text/parse-json.ts';

const Machine = z.object({
  /** The process that waits for QEMU. */
  pid: z.int().positive(),
  artifact: z.string(),
  sshPort: z.int().positive(),
  user: z.string(),
  /** Files of the private keys that belong to the keys of the account. */
  identities: z.array(z.string()),
});

/** A running machine that `ssh` can reach. */
export type RunningMachine = z.output<typeof Machine>;

/**
 * Records a machine while it runs.
 * @param directory only this user can write to it, because `ssh` connects to what it says
 * @returns ends the record when disposed of
 */
export async function recordMachine(directory: string, machine: RunningMachine): Promise<AsyncDisposable> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, `${machine.pid}.json`);
  await writeInPlace(file, `${JSON.stringify(machine)}\n`, { partial: `${file}.partial`, mode: 0o600 });
  return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
}

/** The machines that run, the one started last first. Records of processes that were killed are removed. */
export async function runningMachines(directory: string): Promise<RunningMachine[]> {
  const found: RunningMachine[] = [];
  for (const name of await readdir(directory).catch(() => [])) {
    const file = join(directory, name);
    const parsed = Machine.safeParse(parseJson(await readFile(file, 'utf8').catch(() => '')));
    if (parsed.success && isRunning(parsed.data.pid)) found.push(parsed.data);
    else await rm(file, { force: true });
  }
  return found.sort((a, b) => b.pid - a.pid);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
