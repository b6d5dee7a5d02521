import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { asStep, withStep } from '../../../../../src/factory/pipeline/current-step.ts';
import { findLog, linesOf, listLogs } from '../../../../../src/factory/pipeline/tidy/read-logs.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';
import { realRunner } from '../../artifacts/support/runner.ts';

const OLD = 'a-1.log';
const NEW = 'b-2.log';
const logs = () =>
  plant(temporaryDirectory(), {
    [OLD]:
      '2026-01-01T00:00:00.000Z command: build\n2026-01-01T00:00:01.000Z [image] $ buildah\n2026-01-01T00:00:01.000Z [squashfs] $ mk\n',
    [NEW]:
      '2026-02-01T00:00:00.000Z command: build --only "a b"\n2026-02-01T00:00:01.000Z [edge/image] $ buildah\n',
    other: 'not a log',
  });

test('the newest log is number 1, with its command and its steps', async () => {
  const found = await listLogs(logs());
  expect(found.map(({ number, name, command, steps }) => [number, name, command, steps])).toEqual([
    [1, NEW, 'build --only "a b"', ['edge/image']],
    [2, OLD, 'build', ['image', 'squashfs']],
  ]);
  expect(await listLogs('/no/such/directory')).toEqual([]);
});

test('a log is found by number, name or step', async () => {
  const directory = logs();
  const found = await listLogs(directory);
  const nameOf = (wanted: string) => findLog(found, wanted).log.name;
  expect(['1', '2', OLD, 'image', 'squashfs'].map(nameOf)).toEqual([NEW, OLD, OLD, NEW, OLD]);
  expect(findLog(found, 'image').step).toBe('edge/image');
  expect(linesOf(readFileSync(join(directory, OLD), 'utf8'), 'squashfs')).toBe(
    '2026-01-01T00:00:01.000Z [squashfs] $ mk\n',
  );
  const error = await failureOf(async () => findLog(found, 'squashf'), 'usage');
  expect([error.code, error.message]).toEqual(['LOG_NOT_FOUND', expect.stringContaining('squashfs')]);
});

test('lines name the step that runs, also those of its programs and of steps beside it', async () => {
  const lines: string[] = [];
  const say = async (id: string) =>
    asStep(id, async () => {
      const onLine = (line: string) => lines.push(withStep(line));
      await realRunner().run({ name: 'sh', package: 'dash' }, ['-c', `echo ${id}`], { onLine });
    });
  await Promise.all([say('one'), say('two')]);
  expect(lines.sort()).toEqual(['[one] one', '[two] two']);
  expect(withStep('outside')).toBe('outside');
});
