import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { MEASURED, PROJECT, TEST_HOME, testBuild } from '../support/factory.ts';
import { tool } from '../support/tool.ts';

const PROGRAM = join(PROJECT, 'bin/kairos-factory');
/** Milliseconds until the system lets the account log in, on a busy machine. */
const BOOT = 900_000;

/** The output of `sfdisk --json`, in sectors of 512 bytes. */
interface Table {
  readonly partitiontable: {
    readonly partitions: readonly { readonly name: string; readonly start: number }[];
  };
}

test('boot --user makes an account that ssh logs in to, and --persist keeps what it writes', async () => {
  const { artifact } = await testBuild();
  const home = await mkdtemp(join(TEST_HOME, 'boot-'));
  const env = { HOME: home, KAIROS_FACTORY_CACHE: join(home, 'cache'), ...MEASURED };
  const ssh = (command: string) =>
    execa(PROGRAM, ['ssh', '--', command], { env, reject: false, stdin: 'ignore', timeout: 120_000 });
  try {
    await tool('install', '-d', '-m', '700', join(home, '.ssh'));
    await tool('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', join(home, '.ssh/id_ed25519'));
    const none = await ssh('true');
    expect(none.stderr).toContain('no machine with an account of its own is running');
    const kept = join(home, 'kept.qcow2');
    const flags = ['--user', 'ann', '--persist', kept, '--firmware', 'bios', '--no-kvm'];
    const machine = execa(PROGRAM, ['boot', artifact('raw'), ...flags], {
      env,
      reject: false,
      stdin: 'pipe',
    });
    try {
      const end = Date.now() + BOOT;
      let answer = await ssh('id -un && sudo id -u');
      // Before the machine is recorded, there is none; before its system is up, it does not answer.
      while (answer.failed && Date.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, 2000));
        answer = await ssh('id -un && sudo id -u');
      }
      expect(answer.stdout).toBe('ann\n0');
      const failed = await ssh('echo from the guest; exit 7');
      expect([failed.stdout, failed.exitCode]).toEqual(['from the guest', 7]);
      await ssh('echo here | sudo tee /usr/local/kept && sudo sync');
    } finally {
      // Ctrl-A X
      machine.stdin.write('\x01x');
      const { stderr } = await machine;
      expect(stderr).toContain('Account of this machine: ann, with the password ');
    }
    expect((await ssh('true')).stderr).toContain('no machine with an account of its own is running');
    const content = join(home, 'content.raw');
    await tool('qemu-img', 'convert', '-O', 'raw', kept, content);
    const { partitiontable } = JSON.parse(await tool('sfdisk', '--json', content)) as Table;
    const start = partitiontable.partitions.find(({ name }) => name === 'persistent')?.start ?? 0;
    const place = `${content}?offset=${start * 512}`;
    expect(await tool('debugfs', '-R', 'cat /kept', place)).toBe('here');
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
