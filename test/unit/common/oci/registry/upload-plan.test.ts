import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keptBytes, nextStep, smallerChunk } from '../../../../../src/common/oci/registry/upload-plan.ts';

const MIB = 1024 * 1024;
const sizes = fc.record({
  size: fc.nat(5000),
  chunk: fc.integer({ min: 1, max: 2000 }),
  minimum: fc.nat(3000),
});

describe('nextStep', () => {
  test('chunks cover the content without gaps, and only the last is smaller than the minimum', () => {
    fc.assert(
      fc.property(sizes, (state) => {
        let offset = 0;
        for (let count = 0; ; count += 1) {
          expect(count).toBeLessThanOrEqual(state.size + 1);
          const step = nextStep({ ...state, offset, form: 'chunks' });
          if (step.kind === 'whole') expect(offset).toBe(0);
          if (step.kind === 'finish') expect(offset).toBe(state.size);
          if (step.kind !== 'chunk') return;
          expect(step.start).toBe(offset);
          expect(step.end).toBeGreaterThan(offset);
          expect(step.end).toBeLessThanOrEqual(state.size);
          expect(step.end - step.start).toBeLessThanOrEqual(Math.max(state.chunk, state.minimum));
          if (step.end < state.size) expect(step.end - step.start).toBeGreaterThanOrEqual(state.minimum);
          offset = step.end;
        }
      }),
    );
  });

  test('the registry assembles the content, however much of each chunk it keeps', () => {
    const lost = fc.infiniteStream(fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })));
    fc.assert(
      fc.property(sizes, lost, ({ size, chunk, minimum }, kept) => {
        // The registry's header cannot distinguish a chunk of one byte from none.
        fc.pre(Math.max(chunk, minimum) > 1);
        const content = Buffer.from(Array.from({ length: size }, (_, at) => at % 251));
        let there = Buffer.alloc(0);
        let sent = 0;
        for (let count = 0; count < 20_000; count += 1) {
          const step = nextStep({ size, offset: there.length, chunk, minimum, form: 'chunks' });
          if (step.kind === 'whole') there = content;
          if (step.kind !== 'chunk') break;
          const part = content.subarray(step.start, step.end);
          const share = kept.next().value ?? 1;
          sent = Math.max(sent, step.end);
          there = Buffer.concat([there, part.subarray(0, Math.ceil(part.length * share))]);
          // The header cannot distinguish a single byte from none; real chunks are larger.
          if (there.length === 1) there = Buffer.alloc(0);
          const told = keptBytes(`0-${Math.max(there.length - 1, 0)}`, sent, 0);
          expect(told).toBe(there.length);
        }
        expect(there.equals(content)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

test.each([
  ['0-399', 1000, 400],
  ['bytes=0-399', 1000, 400],
  ['0-0', 1000, 0],
  [null, 1000, 7],
  ['', 1000, 7],
  ['0-1000', 1000, undefined],
  ['100-399', 1000, undefined],
  ['rubbish', 1000, undefined],
])('of %j, sent %i, a registry has %j', (range, sent, kept) => {
  expect(keptBytes(range, sent, 7)).toBe(kept);
});

test('chunks shrink down to a minimum', () => {
  expect(smallerChunk(32 * MIB, 100 * MIB)).toBe(8 * MIB);
  expect(smallerChunk(32 * MIB, 4 * MIB)).toBe(MIB);
  expect(smallerChunk(MIB, 4 * MIB)).toBe(MIB / 4);
  expect(smallerChunk(MIB / 4, 4 * MIB)).toBeUndefined();
});
