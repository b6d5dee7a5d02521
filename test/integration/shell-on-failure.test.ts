import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { factory, MEASURED, PROJECT, TEST_HOME } from '../support/factory.ts';
import { makeTinyRoot } from '../support/tiny-root.ts';

/** Runs a command on a terminal, and types lines when its shell asks for them. @returns everything that the terminal shows */
async function onTerminal(command: string, env: Record<string, string>, lines: string): Promise<string> {
  const child = spawn('script', ['-qefc', command, '/dev/null'], { env: { ...process.env, ...env } });
  let shown = '';
  let isTyped = false;
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk;
    if (isTyped || !/\/ # /.test(shown)) return;
    isTyped = true;
    child.stdin.write(lines);
  });
  await new Promise((resolve) => child.once('close', resolve));
  return shown.replaceAll('\r', '');
}

test('--shell-on-failure opens a shell in the root that the failed instruction left', async () => {
  const home = await mkdtemp(join(TEST_HOME, 'shell-'));
  try {
    const base = await makeTinyRoot(home);
    const file = join(home, 'Containerfile');
    await writeFile(file, 'RUN echo complete > /first\nRUN echo begun > /second && ls /nowhere\n');
    const flags = ['build', '--flavor', 'any', '--base', base, '--engine', 'buildah', '--artifact', 'oci'];
    flags.push('--containerfile', file, '--output', join(home, 'out'), '--shell-on-failure');
    const words = [join(PROJECT, 'bin/kairos-factory'), ...flags].map((word) => `'${word}'`).join(' ');
    const env = { KAIROS_FACTORY_CACHE: join(home, 'cache'), TERM: 'dumb', ...MEASURED };
    const shown = await onTerminal(words, env, 'cat /first /second; echo $((40 + 2))\nexit\n');
    expect(shown).toContain('This shell is in the root, as the instruction that failed left it');
    expect(shown).toMatch(/\ncomplete\nbegun\n42\n/);
    // The shell changes nothing about the outcome, and its container is gone.
    expect(shown).toMatch(/Containerfile:2: RUN echo begun > \/second && ls \/nowhere failed with status 1/);
    const { stdout } = await factory(['cache', 'prune', '--json'], { env });
    expect(JSON.parse(stdout)).toMatchObject({ dryRun: false });

    const refused = await factory(flags, { env });
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining('needs a terminal')]);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
