import { chmodSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bootArtifact, privateVariables } from '../../../../src/factory/boot/boot-artifact.ts';
import { type Machine, OVMF } from '../../../../src/factory/boot/machine.ts';
import { mayUseKvm, workingKvm } from '../../../../src/factory/boot/working-kvm.ts';
import { createRunner } from '../../../../src/factory/tools/runner.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const machine = (artifact: string, more: Partial<Machine> = {}): Machine => ({
  ...{ artifact, attachment: 'disk', firmware: 'bios' },
  ...{ memory: 64, cores: 1, snapshot: true, kvm: false },
  ...more,
});

/** Runs what `script` says instead of QEMU, which the VM tests start. */
function runnerWith(script: string) {
  const bin = plant(temporaryDirectory(), { 'qemu-system-x86_64': `#!/bin/sh\n${script}\n` });
  chmodSync(join(bin, 'qemu-system-x86_64'), 0o755);
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}` };
  return createRunner({ signal: new AbortController().signal, log: () => undefined, env });
}

test('QEMU is given the machine, and its exit status is returned', async () => {
  const home = plant(temporaryDirectory(), { 'os.raw': '' });
  const said = join(home, 'said');
  const status = await bootArtifact(
    runnerWith(`echo "$*" >'${said}'; exit 7`),
    machine(join(home, 'os.raw'), { firmware: 'uefi' }),
  );
  expect(status).toBe(7);
  const words = await readFile(said, 'utf8');
  expect(words).toContain(`file=${join(home, 'os.raw')}`);
  // The firmware writes to a copy, which is gone afterwards.
  const variables = /file=(\S+variables\.fd)/.exec(words)?.[1] ?? '';
  expect(variables).not.toBe(OVMF.uefi.variables);
  await expect(readdir(join(variables, '..'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a path that is not a file, and a file that does not boot, are refused', async () => {
  const home = plant(temporaryDirectory(), { 'os.txt': '' });
  const runner = runnerWith('exit 0');
  const missing = await failureOf(() => bootArtifact(runner, machine(join(home, 'os.iso'))), 'usage');
  expect(missing.code).toBe('FILE_NOT_FOUND');
  const other = await failureOf(() => bootArtifact(runner, machine(join(home, 'os.txt'))), 'usage');
  expect(other.code).toBe('SOURCE_UNSUITABLE');
});

test('a BIOS has no variables, and a machine with another processor no hardware virtualisation', async () => {
  expect(await privateVariables(machine('os.raw'), temporaryDirectory())).toBeUndefined();
  const other = process.arch === 'arm64' ? 'amd64' : 'arm64';
  const own = process.arch === 'arm64' ? 'arm64' : 'amd64';
  expect(await mayUseKvm({ kvm: false }, own)).toBe(false);
  expect(await mayUseKvm({ kvm: true }, other)).toBe(false);
  const notices: string[] = [];
  const notice = (text: string) => notices.push(text);
  const runner = runnerWith('echo "Could not access KVM kernel module" >&2; exit 1');
  expect(await workingKvm(runner, { kvm: false, arch: own }, notice)).toBe(false);
  expect(await workingKvm(runner, { kvm: true, arch: other }, notice)).toBe(false);
  expect(notices).toEqual([]);
  // Whatever this host has, a machine that does not run is emulated, and the user learns why.
  expect(await workingKvm(runner, { kvm: true, arch: own }, notice)).toBe(false);
  expect(notices).toEqual([
    expect.stringMatching(/^the machine is emulated, which takes several times as long: ./),
  ]);
});

test('a cloud-config comes on a volume CIDATA, which is gone afterwards', async () => {
  const home = plant(temporaryDirectory(), { 'os.raw': '' });
  const said = join(home, 'said');
  const script = `for word; do case $word in *cidata.iso) xorriso -indev "\${word##*file=}" -pvd_info 2>&1 | grep '^Volume Id' ;; esac; done >'${said}'; echo "$*" >>'${said}'`;
  await bootArtifact(runnerWith(script), machine(join(home, 'os.raw')), '#cloud-config\n{}\n');
  const words = await readFile(said, 'utf8');
  expect(words).toMatch(/^Volume Id\s*: CIDATA$/m);
  const volume = /file=(\S+cidata\.iso)/.exec(words)?.[1] ?? '';
  await expect(readdir(join(volume, '..'))).rejects.toMatchObject({ code: 'ENOENT' });
});
