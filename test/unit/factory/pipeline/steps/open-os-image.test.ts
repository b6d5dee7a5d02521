import { chmodSync, statSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { BuildEnvironment } from '../../../../../src/factory/pipeline/build-environment.ts';
import { openOsImage } from '../../../../../src/factory/pipeline/steps/image-step.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

test('the root of an opened image has its mode and time, and is not touched again while another step reads it', async () => {
  const root = temporaryDirectory();
  chmodSync(root, 0o700);
  const open = { root, [Symbol.asyncDispose]: async () => undefined };
  const env = { engine: { open: async () => open } } as unknown as BuildEnvironment;
  const facts = { image: 'os', facts: { epoch: 1_700_000_000 } };
  const results = new Map([['image', { digest: 'digest', facts, files: {} }]]);
  await openOsImage(env, results);
  const first = statSync(root, { bigint: true });
  expect([first.mode & 0o7777n, first.mtimeMs]).toEqual([0o755n, 1_700_000_000_000n]);
  await setTimeout(20);
  await openOsImage(env, results);
  expect(statSync(root, { bigint: true }).ctimeNs).toBe(first.ctimeNs);
});
