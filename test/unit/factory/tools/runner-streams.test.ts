import { createHash, randomBytes } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import { settleAll } from '../../../../src/common/errors/settle.ts';
import type { HostTool } from '../../../../src/factory/tools/host-tool.ts';
import { createRunner, type RunOptions } from '../../../../src/factory/tools/runner.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const SH = { name: 'sh', package: 'dash' };
const CAT = { name: 'cat', package: 'coreutils' };

function setUp(env: Readonly<Record<string, string | undefined>> = process.env) {
  const controller = new AbortController();
  const log: string[] = [];
  const runner = createRunner({ signal: controller.signal, log: (line) => log.push(line), env });
  const sh = (script: string, options?: RunOptions) => runner.run(SH, ['-c', script], options);
  return { controller, log, runner, sh };
}

describe('input and output', () => {
  test('can be text', async () => {
    const { runner } = setUp();
    const result = await runner.run(CAT, [], { input: 'a\nb\n' });
    expect(result).toEqual({ stdout: 'a\nb\n', stderr: '', exitCode: 0 });
  });

  test('is empty without input', async () => {
    expect((await setUp().runner.run(CAT, [])).stdout).toBe('');
  });

  test('can be streams, copied byte for byte', async () => {
    const { runner } = setUp();
    const block = randomBytes(1024 * 1024);
    const output = new PassThrough();
    const [bytes, result] = await Promise.all([
      buffer(output),
      runner.run(CAT, [], { input: Readable.from(Array.from({ length: 24 }, () => block)), output }),
    ]);
    const digest = (chunks: readonly Buffer[]) => {
      const hash = createHash('sha256');
      for (const chunk of chunks) hash.update(chunk);
      return hash.digest('hex');
    };
    expect(digest([bytes])).toBe(digest(Array.from({ length: 24 }, () => block)));
    expect(result.stdout).toBe('');
  });

  test('is reported and logged line by line, from both streams, after the command line', async () => {
    const { sh, log } = setUp();
    const lines: string[] = [];
    await sh('echo out; echo err >&2', { onLine: (line) => lines.push(line) });
    expect(lines.sort()).toEqual(['err', 'out']);
    expect(log[0]).toBe('$ sh -c echo out; echo err >&2');
    expect(log.slice(1).sort()).toEqual(['err', 'out']);
  });

  test('may stay unread: a tool that stops reading has not failed', async () => {
    const { runner } = setUp();
    const input = Readable.from(Array.from({ length: 64 }, () => Buffer.alloc(64 * 1024, 'x')));
    const { stdout } = await runner.run({ name: 'head', package: 'coreutils' }, ['-c', '3'], { input });
    expect(stdout).toBe('xxx');
  });

  test('fails when the input does, with the input’s own error', async () => {
    const { runner } = setUp();
    const broken = new FactoryError('DIGEST_MISMATCH', 'the source is hostile');
    const input = new Readable({
      read() {
        this.push('half');
        this.destroy(broken);
      },
    });
    await expect(runner.run(CAT, [], { input })).rejects.toBe(broken);
  });

  test('end when the tool is not installed: nobody waits at their other end', async () => {
    const { runner } = setUp();
    const none: HostTool = { name: 'no-such-tool', package: 'none' };
    const output = new PassThrough();
    const read = text(output);
    const run = settleAll([runner.run(none, [], { output }), read]);
    expect((await failureOf(() => run)).code).toBe('TOOL_MISSING');
    const input = new PassThrough();
    expect((await failureOf(() => runner.run(none, [], { input }))).code).toBe('TOOL_MISSING');
    expect(input.destroyed).toBe(true);
  });

  test('fails when the output does, and kills the tool', async () => {
    const { sh } = setUp();
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), {
      code: 'ENOSPC',
      errno: -28,
    });
    const output = new Writable({ write: (_, __, done) => done(full) });
    // It stops writing, so only killing it ends it.
    await expect(sh('echo x; sleep 1000', { output })).rejects.toBe(full);
  });
});

describe('how a tool ends', () => {
  test('shows its last fifteen non-empty lines', async () => {
    const error = await failureOf(() =>
      setUp().sh('for i in $(seq 40); do echo line $i >&2; echo >&2; done; exit 3'),
    );
    expect([error.kind, error.message]).toEqual(['step', 'sh failed with status 3']);
    expect(error.details).toEqual(Array.from({ length: 15 }, (_, index) => `line ${index + 26}`));
  });

  test('shows its standard output when there is no error output', async () => {
    const error = await failureOf(() => setUp().sh('echo told; exit 1'));
    expect(error.details).toEqual(['told']);
  });

  test('may be an accepted status', async () => {
    const { sh } = setUp();
    expect((await sh('exit 5', { acceptExit: (code) => code === 5 })).exitCode).toBe(5);
    expect((await failureOf(() => sh('exit 6', { acceptExit: (code) => code === 5 }))).message).toContain(
      'status 6',
    );
  });

  test('is reported when it was a signal, whatever the accepted statuses', async () => {
    const error = await failureOf(() => setUp().sh('kill -KILL $$', { acceptExit: () => true }));
    expect([error.kind, error.message]).toEqual(['step', 'sh was killed by SIGKILL']);
  });
});

describe('cancelling', () => {
  test('ends a tool that waits for a stream', async () => {
    const { controller, runner } = setUp();
    const reason = new FactoryError('INTERRUPTED', 'interrupted by SIGTERM');
    const input = new PassThrough();
    const running = runner.run(CAT, [], { input, onLine: () => controller.abort(reason) });
    input.write('a line\n');
    await expect(running).rejects.toBe(reason);
  });

  test('beforehand starts no program', async () => {
    const { controller, sh, log } = setUp();
    const reason = new FactoryError('INTERRUPTED', 'stop');
    controller.abort(reason);
    await expect(sh('echo x')).rejects.toBe(reason);
    expect(log).toEqual([]);
  });
});

describe('the environment', () => {
  const show = 'echo "$LC_ALL|$LANGUAGE|$TZ|$KEPT|$ADDED"';

  test('sets the C locale and UTC, and keeps the rest', async () => {
    const env = { ...process.env, LC_ALL: 'de_DE.UTF-8', LANGUAGE: 'de', TZ: 'Asia/Tokyo', KEPT: 'kept' };
    expect((await setUp(env).sh(show)).stdout).toBe('C||UTC|kept|\n');
  });

  test('can be extended and reduced for one call', async () => {
    const { sh } = setUp({ ...process.env, KEPT: 'kept' });
    expect((await sh(show, { env: { ADDED: 'added', KEPT: undefined } })).stdout).toBe('C||UTC||added\n');
    expect((await sh(show)).stdout).toBe('C||UTC|kept|\n');
  });

  test('inherits nothing from this process', async () => {
    const { sh } = setUp({ PATH: process.env['PATH'] });
    expect((await sh('echo "$HOME|$USER"')).stdout).toBe('|\n');
  });

  test('has the requested working directory', async () => {
    const cwd = temporaryDirectory();
    expect((await setUp().sh('pwd', { cwd })).stdout).toBe(`${cwd}\n`);
  });
});

describe('locate', () => {
  function program(name: string, mode: number): string {
    const directory = plant(temporaryDirectory(), { [name]: '#!/bin/sh\necho mine\n' });
    chmodSync(join(directory, name), mode);
    return directory;
  }
  const TOOL = { name: 'some-tool', package: 'some-package' };

  test('finds and runs the first one on PATH', async () => {
    const [first, second] = [program('some-tool', 0o755), program('some-tool', 0o755)];
    const { runner } = setUp({ PATH: [temporaryDirectory(), first, second, '/bin'].join(delimiter) });
    expect(await runner.locate(TOOL)).toBe(join(first, 'some-tool'));
    expect((await runner.run(TOOL, [])).stdout).toBe('mine\n');
  });

  test('accepts an absolute path', async () => {
    const file = join(program('some-tool', 0o755), 'some-tool');
    expect(await setUp({ PATH: '' }).runner.locate({ ...TOOL, name: file })).toBe(file);
  });

  test('refuses a missing or non-executable program, and names its package', async () => {
    const { runner } = setUp({ PATH: program('some-tool', 0o644) });
    const error = await failureOf(() => runner.run(TOOL, []));
    expect([error.kind, error.message]).toEqual(['tool', 'some-tool is not installed']);
    expect(error.remedy).toMatch(/^Install it: .*\bsome-package$/);
  });
});
