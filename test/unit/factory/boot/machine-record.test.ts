import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { recordMachine, runningMachines } from '../../../../src/factory/boot/machine-record.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const machine = (pid: number) => ({
  pid,
  artifact: '/out/os.raw',
  sshPort: 2222,
  user: 'kairos',
  identities: [],
});

test('machines are found while their process runs, and nobody else can write the records', async () => {
  const directory = join(temporaryDirectory(), 'machines');
  expect(await runningMachines(directory)).toEqual([]);
  {
    await using _ = await recordMachine(directory, machine(process.pid));
    expect(await runningMachines(directory)).toEqual([machine(process.pid)]);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  }
  expect(await runningMachines(directory)).toEqual([]);
});

test('the record of a process that was killed, and a damaged one, are removed', async () => {
  const directory = plant(temporaryDirectory(), { '1.json': '', '2.json': '{"pid": "x"}' });
  const ended = execa('true');
  await ended;
  await recordMachine(directory, machine(ended.pid ?? 0));
  expect(await runningMachines(directory)).toEqual([]);
  expect(readdirSync(directory)).toEqual([]);
});
