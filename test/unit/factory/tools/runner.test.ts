import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import { checkTool } from '../../../../src/factory/tools/check-tool.ts';
import { GRUB_MKIMAGE } from '../../../../src/factory/tools/grub-mkimage.ts';
import { MKSQUASHFS } from '../../../../src/factory/tools/mksquashfs.ts';
import { createRunner } from '../../../../src/factory/tools/runner.ts';
import { failureOf } from '../../support/failure.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const SH = { name: 'sh', package: 'dash' };
const log: string[] = [];
const runner = (env: Record<string, string | undefined> = process.env, controller = new AbortController()) =>
  createRunner({ signal: controller.signal, log: (line) => void log.push(line), env });

/** Whether a process has ended; it may stay a zombie until its parent waits for it (proc_pid_stat(5), field 3). */
function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

test('the error for a missing tool says how to install it', async () => {
  const error = await failureOf(
    () => runner().run({ name: 'no-such-tool', package: 'some-package' }, []),
    'tool',
  );
  expect(error.remedy).toMatch(/^Install it: .* some-package$/);
});

test('the error for a failed tool has its last lines', async () => {
  const error = await failureOf(
    () => runner().run(SH, ['-c', 'echo first >&2; echo last >&2; exit 7']),
    'step',
  );
  expect(error.message).toBe('sh failed with status 7');
  expect(error.details).toEqual(['first', 'last']);
  expect(log).toContain('last');
});

test('secret output is neither logged nor reported, and a slow tool is killed', async () => {
  const { stdout } = await runner().run(SH, ['-c', 'cat; echo hush'], { input: 'quiet', secret: true });
  expect(stdout).toBe('quiethush\n');
  const error = await failureOf(
    () =>
      runner().run(SH, ['-c', 'read word; echo $word; sleep 60'], {
        input: 'hush\n',
        secret: true,
        timeout: 300,
      }),
    'step',
  );
  expect(error.message).toMatch(/^sh was killed by/);
  expect(error.details).toEqual([]);
  expect(log.filter((line) => /^(quiet)?hush/.test(line))).toEqual([]);
});

test('the environment has the C locale and UTC, and sbin is on the path', async () => {
  const { stdout } = await runner({ PATH: '/usr/bin:/bin', LC_ALL: 'de_DE', TZ: 'Asia/Tokyo' }).run(SH, [
    '-c',
    'echo $LC_ALL $TZ $PATH',
  ]);
  expect(stdout).toMatch(/^C UTC .*\/usr\/sbin/);
});

test('streams are connected, and arguments never reach a shell', async () => {
  let text = '';
  const output = new Writable({
    write: (chunk, _, done) => {
      text += chunk;
      done();
    },
  });
  await runner().run({ name: 'cat', package: 'coreutils' }, [], { input: Readable.from(['a', 'b']), output });
  expect(text).toBe('ab');
  const { stdout } = await runner().run({ name: 'printf', package: 'coreutils' }, ['%s', '$(id); `id`']);
  expect(stdout).toBe('$(id); `id`');
});

test('cancelling kills the tool and what it started', async () => {
  const controller = new AbortController();
  const { promise: started, resolve } = Promise.withResolvers<string>();
  const running = runner(process.env, controller).run(SH, ['-c', 'sleep 300 & echo $!; wait'], {
    onLine: resolve,
  });
  const child = Number(await started);
  expect(isAlive(child)).toBe(true);
  controller.abort(new FactoryError('INTERRUPTED', 'stop'));
  await failureOf(() => running, 'interrupted');
  await vi.waitFor(() => expect(isAlive(child)).toBe(false));
});

test('versions: too old, in an excluded range, and in GRUB’s notation', async () => {
  const withVersion = (name: string, text: string) => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, name), `#!/bin/sh\necho '${text}'\n`);
    chmodSync(join(directory, name), 0o755);
    return runner({ PATH: `${directory}:/usr/bin:/bin` });
  };
  const squashfs = (version: string) =>
    checkTool(withVersion('mksquashfs', `mksquashfs version ${version}`), MKSQUASHFS);
  expect(await squashfs('4.5.1')).toBe('4.5.1');
  expect(await squashfs('4.7.5')).toBe('4.7.5');
  expect((await failureOf(() => squashfs('4.4'), 'tool')).message).toMatch(/4\.4 is not usable/);
  expect((await failureOf(() => squashfs('4.7.2'), 'tool')).message).toMatch(/corrupt sparse files/);
  const grub = (version: string) =>
    checkTool(withVersion('grub-mkimage', `grub-mkimage (GRUB) ${version}`), GRUB_MKIMAGE);
  expect(await grub('2.06-13')).toBe('2.06');
  await failureOf(() => grub('2.02'), 'tool');
});
