import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cut, chooseCuts } from '../support/cuts/choose-cuts.ts';
import { CUTS, SEED } from '../support/cuts/cuts-asked.ts';
import { canExport } from '../support/cuts/exported-image.ts';
import { judgeCut, type Milestones } from '../support/cuts/judge-cut.ts';
import { type NodeOnDisk, readNode } from '../support/cuts/read-node.ts';
import { OPERATIONS, type Operation, readRecording, recordNode } from '../support/cuts/record-node.ts';
import { replayLog } from '../support/cuts/replay.ts';
import { readLog } from '../support/cuts/write-log.ts';
import { TEST_HOME, testBuild } from '../support/factory.ts';
import { randomNumbers } from '../support/random.ts';

/** Where to keep the recording: the same recording and the same seed lead to the same cuts. */
const RECORDING = process.env['KAIROS_FACTORY_TEST_RECORDING'];
/** For each cut: reading a disk takes up to half a minute on a busy machine. */
const TIMEOUT = 120_000;

interface Found {
  readonly operation: Operation;
  readonly cut: Cut;
  readonly node: NodeOnDisk;
}

describe.runIf(CUTS > 0 && (await canExport()))(`power cuts of a node, replayed, seed ${SEED}`, () => {
  let home: string;
  const found: Found[] = [];
  const milestones: Partial<Record<Operation, NodeOnDisk>> = {};

  beforeAll(
    async () => {
      home = await mkdtemp(join(TEST_HOME, 'node-cuts-'));
      const recorded =
        (RECORDING && (await readRecording(RECORDING))) ||
        (await recordNode((await testBuild()).artifact('squashfs'), RECORDING ?? home));
      const entries = await readLog(recorded.log, recorded.spans.reset.end);
      const random = randomNumbers(SEED);
      const cuts = OPERATIONS.flatMap((operation) => {
        const span = recorded.spans[operation];
        const chosen = chooseCuts(entries, span, { count: CUTS, random });
        const index = entries.findLastIndex(({ end }) => end <= span.end) + 1;
        const whole: Cut = { index, kept: 1, seed: 0, done: true };
        return [
          ...chosen.map((cut) => ({ operation, cut, isWhole: false })),
          { operation, cut: whole, isWhole: true },
        ];
      }).sort((a, b) => a.cut.index - b.cut.index);
      await using replay = await replayLog(home, { ...recorded, entries });
      for (const { operation, cut, isWhole } of cuts) {
        await using image = await replay.after(cut);
        const node = await readNode(image.path, home);
        if (isWhole) milestones[operation] = node;
        else found.push({ operation, cut, node });
      }
    },
    TIMEOUT * (3 * CUTS + 20),
  );
  afterAll(() => rm(home, { recursive: true, force: true }));

  test.each([
    ['install', ['none', 'interrupted', 'done']],
    ['upgrade', ['old', 'passive', 'done']],
    ['reset', ['untouched', 'again', 'done']],
  ] as const)(`of %s leave it as it was or as it should be: ${CUTS} cuts`, (operation, allowed) => {
    const wrong: unknown[] = [];
    for (const { cut, node } of found.filter((each) => each.operation === operation)) {
      const { outcome, problems } = judgeCut(operation, node, {
        milestones: milestones as Milestones,
        done: cut.done,
      });
      process.stderr.write(`${operation} ${JSON.stringify(cut)}: ${[outcome, ...problems].join('; ')}\n`);
      expect(allowed).toContain(outcome);
      if (problems.length > 0) wrong.push({ ...cut, outcome, problems });
    }
    expect(wrong).toEqual([]);
  });
});
