import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { BuildReport } from '../../src/factory/pipeline/build-report.ts';
import { factory, TEST_HOME } from '../support/factory.ts';
import { makeSmallSystem } from '../support/small-system.ts';
import { tool } from '../support/tool.ts';

const isRoot = process.getuid?.() === 0;
/** Says in the image which stage it was, with what it was given and what was there. */
const NOTE = `#!/bin/sh
set -eu
has() { if [ -e "$1" ]; then echo "$1"; fi; }
{
  echo "$KAIROS_HOOK $KAIROS_VERSION $KAIROS_FLAVOR $WORD"
  cat "$KAIROS_HOOK_INPUTS/data/file"
  has /usr/bin/kairos-agent
  has /boot/initrd
} >>/etc/hooks.log
`;
const HOST = `#!/bin/sh
set -eu
echo "$KAIROS_HOOK $(echo "$KAIROS_ARTIFACTS" | grep -c .) $(ls "$KAIROS_OUTPUT" | grep -c 'squashfs$')" >>"$RECORD"
`;

describe.skipIf(!isRoot)('hooks (needs root: packs a root with its owners)', () => {
  let home: string;
  let env: Record<string, string>;
  beforeAll(async () => {
    home = await mkdtemp(join(TEST_HOME, 'hooks-'));
    env = { KAIROS_FACTORY_CACHE: join(home, 'cache'), RECORD: join(home, 'record') };
    const base = await makeSmallSystem(home);
    await base('base', 'echo 070701 >/boot/initrd');
    await tool('mkdir', join(home, 'data'));
    await writeFile(join(home, 'data/file'), 'one\n');
    for (const [name, text] of Object.entries({ note: NOTE, host: HOST }))
      await writeFile(join(home, name), text, { mode: 0o755 });
  });
  afterAll(() => tool('rm', '-rf', home));

  async function build(hooks: unknown, ...more: string[]) {
    const common = {
      flavor: './flavor.yaml',
      base: './base.tar',
      artifacts: ['squashfs'],
      compression: 'fast',
    };
    await writeFile(join(home, 'kairos-factory.yaml'), stringify({ ...common, version: 'v1.2.3', hooks }));
    return factory(['build', '--json', ...more], { cwd: home, env });
  }
  const reportOf = ({ status, stdout, stderr }: Awaited<ReturnType<typeof factory>>) => {
    expect(status, stderr).toBe(0);
    return JSON.parse(stdout) as BuildReport;
  };
  /** The steps that ran. */
  const ran = ({ steps }: BuildReport) => steps.filter(({ cached }) => !cached).map(({ id }) => id);

  const note = { run: 'note', inputs: ['data'], environment: { WORD: "it's a $WORD" } };
  const inImage = {
    'before-packages': [note],
    'after-packages': [note],
    'after-framework': [note],
    'before-seal': [note, note],
  };

  async function notes(report: BuildReport): Promise<string> {
    const file = join(report.output, report.manifest.artifacts[0]?.file ?? '');
    expect(await tool('unsquashfs', '-l', file)).not.toContain('kairos-build');
    return tool('unsquashfs', '-cat', file, 'etc/hooks.log');
  }

  test('run in the image in the order of the stages, with what they were given', async () => {
    const text = await notes(reportOf(await build(inImage)));
    const line = (stage: string) => [`${stage} v1.2.3 tiny it's a $WORD`, 'one'];
    expect(text.split('\n')).toEqual([
      ...line('before-packages'),
      ...line('after-packages'),
      ...line('after-framework'),
      '/usr/bin/kairos-agent',
      ...line('before-seal'),
      '/usr/bin/kairos-agent',
      '/boot/initrd',
      ...line('before-seal'),
      '/usr/bin/kairos-agent',
      '/boot/initrd',
    ]);
  });

  test('are part of the cache key, with their inputs and by their content', async () => {
    await tool('touch', join(home, 'note'), join(home, 'data/file'));
    expect(ran(reportOf(await build(inImage)))).toEqual([]);
    await writeFile(join(home, 'data/file'), 'two\n');
    const report = reportOf(await build(inImage));
    expect(ran(report)).toContain('image');
    expect(await notes(report)).toContain('\ntwo\n');
  });

  test('that fail, or take too long, are named', async () => {
    await writeFile(join(home, 'bad'), '#!/bin/sh\nsleep "$SECONDS_TO_SLEEP"\nexit 7\n', { mode: 0o755 });
    const bad = (seconds: string) => ({
      run: 'bad',
      timeout: '2s',
      environment: { SECONDS_TO_SLEEP: seconds },
    });
    const failed = await build({ 'before-seal': [bad('0')] });
    expect(failed.status).toBe(4);
    expect(failed.stdout).toContain('the hook before-seal bad failed with status 7');
    const slow = await build({ 'before-seal': [bad('60')] });
    expect(slow.status).toBe(4);
    expect(slow.stdout).toContain('the hook before-seal bad was stopped: it may take 2 seconds');
    const host = await build({ 'before-artifacts': [bad('60')] }, '--allow-host-hooks');
    expect(host.status).toBe(4);
    expect(host.stdout).toMatch(/bad (was killed|took)/);
  });

  test('run on this machine when that is allowed, and again when something has changed', async () => {
    const host = { run: 'host', inputs: ['data'] };
    const hooks = { 'before-artifacts': [host], 'after-artifacts': [host] };
    await rm(join(home, 'build'), { recursive: true, force: true });
    const refused = await build(hooks);
    expect(refused.status).toBe(2);
    expect(refused.stdout).toContain('HOOK_REFUSED');
    expect((await build(hooks, '--plan')).status).toBe(0);
    const record = () => readFile(env['RECORD'] ?? '', 'utf8');
    reportOf(await build(hooks, '--allow-host-hooks'));
    const once = 'before-artifacts 0 0\nafter-artifacts 1 1\n';
    expect(await record()).toBe(once);
    reportOf(await build(hooks, '--allow-host-hooks'));
    expect(await record()).toBe(once);
    await writeFile(join(home, 'data/file'), 'three\n');
    expect(ran(reportOf(await build(hooks, '--allow-host-hooks')))).toEqual(
      expect.arrayContaining(['hooks:before-artifacts', 'hooks:after-artifacts']),
    );
    expect(await record()).toBe(`${once}before-artifacts 0 1\nafter-artifacts 1 1\n`);
  });
});
