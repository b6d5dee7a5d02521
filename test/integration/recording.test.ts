import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commandOutputs, parseCast } from '../../scripts/recording/cast.ts';
import { RECORDING } from '../../scripts/recording/files.ts';
import { factory, PROJECT, TEST_HOME, testBuild } from '../support/factory.ts';

const recorded = commandOutputs(parseCast(await readFile(join(PROJECT, RECORDING.cast), 'utf8')));
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPF63DQykyfaA8ER7dGFcT6DIPaJZo4rngvUaxVjAfvt admin\n';

function outputOf(command: string): readonly string[] {
  const found = [...recorded].find(([line]) => line.startsWith(`kairos-factory ${command}`));
  expect(found?.[1].length, command).toBeGreaterThan(5);
  return found?.[1] ?? [];
}

/** What names a line or a section, whatever its value is: of `  size   264.0 MiB` the first word, of `  4.0 KiB  kernel` the last. */
function labels(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const [, key] = /^ {2}([a-z]\S*(?: \S+)*?) {2,}\S/.exec(line) ?? [];
    const [, part] = /^ *[\d.]+ [KMG]iB {2}(\S.*)$/.exec(line) ?? [];
    const [section] = /^[A-Z]\w+(?: \w+)*$/.exec(line) ?? [];
    return [key, part, section].filter((label) => label !== undefined);
  });
}

describe('the recorded session is what the program does today', () => {
  test('a new project, its plan, and the steps of its build', async () => {
    const home = await mkdtemp(join(TEST_HOME, 'recording-'));
    try {
      await writeFile(join(home, 'key.pub'), KEY);
      const env = { KAIROS_FACTORY_PROGRAM: 'kairos-factory' };
      const answers = ['--flavor', 'debian', '--artifact', 'iso', '--kubernetes', 'none', '--ci', 'none'];
      const init = await factory(['init', '--ssh-key', 'key.pub', ...answers], { cwd: home, env });
      expect(init.status, init.stderr).toBe(0);
      expect(outputOf('init').slice(-init.stdout.trimEnd().split('\n').length)).toEqual(
        init.stdout.trimEnd().split('\n'),
      );
      const plan = await factory(['build', '--plan', '--json'], { cwd: home, env });
      const { plan: steps } = JSON.parse(plan.stdout) as { plan: { id: string; title: string }[] };
      const planned = outputOf('plan').flatMap((line) => /^[a-z]\S*(?= {2})/.exec(line)?.[0] ?? []);
      expect(planned).toEqual(steps.map(({ id }) => id));
      const built = outputOf('build').flatMap((line) => /^✔ (.*) \([\d.]+ s\)$/.exec(line)?.slice(1) ?? []);
      expect(built).toEqual(steps.map(({ title }) => title));
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  });

  test('the descriptions of what was built', async () => {
    const build = await testBuild();
    for (const [command, what] of Object.entries({ inspect: build.artifact('iso'), size: build.output })) {
      const { stdout } = await factory([command, what]);
      const [then, now] = [labels(outputOf(command)), labels(stdout.split('\n'))];
      expect(then.length).toBeGreaterThan(10);
      expect(then.filter((label) => !now.includes(label))).toEqual([]);
    }
  });
});
