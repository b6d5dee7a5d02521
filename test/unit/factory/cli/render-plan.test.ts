import { expect, test } from 'vitest';
import { renderMermaid, renderPlan } from '../../../../src/factory/cli/render-plan.ts';
import type { PlannedStep } from '../../../../src/factory/pipeline/events.ts';
import type { StepPrediction } from '../../../../src/factory/pipeline/predict.ts';

const MIB = 1024 * 1024;
const bytes = (part: Partial<StepPrediction['bytes']>) => ({
  cache: 0,
  store: 0,
  work: 0,
  output: 0,
  ...part,
});
const STEPS: readonly PlannedStep[] = [
  { id: 'base', title: 'bootstrap "bookworm"', needs: [], state: 'cached' },
  {
    id: 'image',
    title: 'build OS image',
    needs: ['base'],
    state: 'run',
    prediction: { seconds: 83, bytes: bytes({ store: 500 * MIB }), from: 'same' },
  },
  {
    id: 'artifact:iso',
    title: 'make ISO',
    needs: ['image'],
    state: 'depends',
    prediction: { seconds: 4, bytes: bytes({ output: 200 * MIB }), from: 'similar' },
  },
  {
    id: 'artifact:raw',
    title: 'make raw',
    needs: ['image'],
    state: 'depends',
    prediction: { bytes: bytes({}), from: 'typical' },
  },
];
const place = { path: '/cache', purpose: 'cache and images', likely: 700 * MIB, least: 1, elsewhere: '' };
const plan = { steps: STEPS, seconds: 87, unknown: ['artifact:raw'], room: [place] };

test('a plan is a table with time and size of each step, and a summary', () => {
  const room = [{ free: 3 * 1024 * MIB, needs: [place, { ...place, path: '/out', likely: 0 }] }];
  expect(renderPlan(plan, room).split('\n')).toEqual([
    'STEP          STATE           TIME        WRITES      WHAT                  NEEDS',
    'base          cached                                  bootstrap "bookworm"',
    'image         run             1 min 23 s  500.0 MiB   build OS image        base',
    'artifact:iso  run if changed  ~4.0 s      ~200.0 MiB  make ISO              image',
    'artifact:raw  run if changed  ?                       make raw              image',
    'Up to 3 of 4 steps will run: about 1 min 27 s, without 1 that never ran here.',
    'Room:  about 700.0 MiB in /cache (cache and images); 3.00 GiB free.',
    '',
  ]);
});

test('in a narrow terminal, a plan leaves out what steps need, and no line is longer', () => {
  const room = [{ free: 3 * 1024 * MIB, needs: [place] }];
  expect(renderPlan(plan, room, 78).split('\n')).toEqual([
    'STEP          STATE           TIME        WRITES      WHAT',
    'base          cached                                  bootstrap "bookworm"',
    'image         run             1 min 23 s  500.0 MiB   build OS image',
    'artifact:iso  run if changed  ~4.0 s      ~200.0 MiB  make ISO',
    'artifact:raw  run if changed  ?                       make raw',
    'Up to 3 of 4 steps will run: about 1 min 27 s, without 1 that never ran here.',
    'Room:  about 700.0 MiB in /cache (cache and images); 3.00 GiB free.',
    '',
  ]);
  expect(renderPlan(plan, room, 40)).toContain('artifact:iso\n  STATE   run if changed\n');
  expect(renderPlan(plan, room, 40)).toContain('  NEEDS   image\n');
});

test('a plan without records says so; without work, too', () => {
  const [, , , unknown] = STEPS;
  const steps = unknown === undefined ? [] : [unknown];
  expect(renderPlan({ ...plan, steps }, [])).toContain(
    '1 of 1 steps will run: no earlier build here shows how long.',
  );
  expect(renderPlan({ ...plan, steps: STEPS.slice(0, 1) }, [])).toContain('Everything is up to date.');
});

test('a plan is a flow chart, in which no title is markup', () => {
  expect(renderMermaid(STEPS).split('\n').slice(0, 6)).toEqual([
    'flowchart LR',
    '  s0["base<br/>bootstrap #34;bookworm#34;"]:::cached',
    '  s1["image<br/>build OS image<br/>1 min 23 s"]:::run',
    '  s2["artifact:iso<br/>make ISO<br/>~4.0 s"]:::depends',
    '  s3["artifact:raw<br/>make raw<br/>?"]:::depends',
    '  s0 --> s1',
  ]);
});
