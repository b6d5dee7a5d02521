import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { allocatedBytes } from '../../../../src/common/files/allocated-bytes.ts';
import { ARTIFACT_KINDS } from '../../../../src/factory/config/artifact-kinds.ts';
import { measureStep } from '../../../../src/factory/pipeline/measure-step.ts';
import { predictStep, wallTime } from '../../../../src/factory/pipeline/predict.ts';
import { rootScale } from '../../../../src/factory/pipeline/root-scale.ts';
import { readHistory, recordMeasure } from '../../../../src/factory/pipeline/step-history.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';
import { artifactsSpec } from '../artifacts/support/inputs.ts';

const MIB = 1024 * 1024;
const bytes = { cache: 10 * MIB, store: 0, work: 0, output: 0 };
const measure = (title: string, seconds: number) => ({ id: 'artifact:raw', title, seconds, bytes });

describe('the records of a step', () => {
  test('are kept by title, the newest first, and only the last ones', async () => {
    const directory = join(temporaryDirectory(), 'history');
    for (let index = 0; index < 12; index += 1)
      await recordMeasure(directory, measure(`title ${index}`, index));
    await recordMeasure(directory, measure('title 7', 70));
    const records = await readHistory(directory, 'artifact:raw');
    expect(records.map(({ seconds }) => seconds)).toEqual([70, 11, 10, 9, 8, 6, 5, 4]);
    expect(readdirSync(directory)).toEqual(['artifact:raw.json']);
  });

  test('are missing, not an error, when the file is damaged or of another version', async () => {
    const directory = plant(temporaryDirectory(), { 'a.json': '[{"title":1}]', 'b.json': '[{' });
    for (const id of ['a', 'b', 'none']) expect(await readHistory(directory, id)).toEqual([]);
  });

  test('leave out steps that take no time and no room', async () => {
    const directory = temporaryDirectory();
    await recordMeasure(directory, { ...measure('a', 0.01), bytes: { ...bytes, cache: 1 } });
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('a prediction', () => {
  const step = { id: 'squashfs', title: 'pack' };
  const records = [
    { title: 'another', seconds: 9, bytes },
    { title: 'pack', seconds: 5, bytes },
  ];
  test('is that of the same step, else of a similar one', () => {
    expect(predictStep(step, records)).toEqual({ seconds: 5, bytes, from: 'same' });
    expect(predictStep({ ...step, title: 'new' }, records)).toEqual({ seconds: 9, bytes, from: 'similar' });
  });

  test('without records has the bytes of a typical build, by the size of the root, and no time', () => {
    const small = predictStep(step, []);
    const large = predictStep(step, [], 2);
    expect([small.from, small.seconds]).toEqual(['typical', undefined]);
    expect(small.bytes.cache).toBeGreaterThan(100 * MIB);
    expect(large.bytes.cache).toBe(2 * small.bytes.cache);
    expect(predictStep({ id: 'audit', title: 'audit' }, []).bytes).toEqual({ ...bytes, cache: 0 });
  });

  test.each(ARTIFACT_KINDS)('without records knows the size of a typical %s', (kind) => {
    const { bytes } = predictStep({ id: `artifact:${kind}`, title: 'make' }, []);
    expect(bytes.output).toBeGreaterThan(10 * MIB);
  });

  test('of the whole build follows the scheduler', () => {
    const timed = (id: string, seconds: number, ...needs: string[]) => ({ id, seconds, needs });
    const steps = [
      timed('a', 10),
      timed('b', 3, 'a'),
      timed('c', 4, 'a'),
      timed('d', 5, 'a'),
      timed('e', 1, 'b', 'd'),
    ];
    expect(wallTime(steps, 8)).toBe(16);
    expect(wallTime(steps, 2)).toBe(19);
    expect(wallTime(steps, 1)).toBe(23);
    expect(wallTime([timed('a', 0), timed('b', 0, 'a')])).toBe(0);
    expect(wallTime([])).toBe(0);
  });
});

describe('the size of a root', () => {
  const target = (image: string) => ({ image, spec: artifactsSpec({}) });
  test('is known for a local base only', async () => {
    const home = temporaryDirectory();
    mkdirSync(join(home, 'root'));
    for (const name of ['root/file', 'root.tar', 'root.tar.gz'])
      writeFileSync(join(home, name), Buffer.alloc(49 * MIB));
    const scales = ['dir:root', 'tar:root.tar', 'tar:root.tar.gz', 'dir:none', 'debian:12'].map((text) =>
      rootScale(target(text.replace(':r', `:${home}/r`))),
    );
    const [directory = 0, tar, packed, missing, registry] = await Promise.all(scales);
    expect(directory).toBeCloseTo(0.1, 2);
    expect([tar, packed, missing, registry]).toEqual([0.1, 0.25, 1, 1]);
  });
});

describe('what a step wrote', () => {
  test('is counted by place: results, images, temporary files and outputs', () => {
    const home = plant(temporaryDirectory(), {
      'objects/file': Buffer.alloc(8192).toString(),
      'scratch/tar': Buffer.alloc(16384).toString(),
      'out/iso': Buffer.alloc(32768).toString(),
    });
    const places = { objects: join(home, 'objects'), scratch: join(home, 'scratch') };
    const files = { file: join(places.objects, 'file'), artifact: join(home, 'out/iso') };
    const measured = measureStep({ facts: {}, files }, places);
    const own = (name: string) => allocatedBytes(join(home, name));
    expect(measured).toEqual({
      cache: own('objects'),
      store: 0,
      work: own('scratch'),
      output: own('out/iso'),
    });
    expect(measured.output).toBeGreaterThanOrEqual(32768);
    expect(measureStep({ facts: { image: 'base' }, files: {} }, places).store).toBe(measured.work);
    const image = { image: 'os', facts: { tree: { bytes: 5 } } };
    expect(measureStep({ facts: image, files: {} }, places).store).toBe(5);
  });
});
