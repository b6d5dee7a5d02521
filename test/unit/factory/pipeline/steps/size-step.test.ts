import { expect, test } from 'vitest';
import { sizeStep } from '../../../../../src/factory/pipeline/steps/size-step.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';
import { openDirectory, testEngine, testEnvironment } from '../support/environment.ts';
import { imageResults, stepContext } from '../support/step-context.ts';

const MIB = 1024 * 1024;

function check(bytes: number, budget: number) {
  const root = plant(temporaryDirectory(), { 'opt/data': 'x'.repeat(bytes), 'etc/hostname': 'node\n' });
  const env = testEnvironment({ engine: testEngine({ open: async () => openDirectory(root) }) });
  return sizeStep(env, budget).run(stepContext().context, imageResults(1_700_000_000));
}

test('an image within the budget passes, always with the same digest', async () => {
  expect((await check(MIB, 2)).digest).toBe('passed');
  expect((await check(0, 1)).digest).toBe('passed');
});

test('a larger image is refused with what makes it large', async () => {
  const { code, message, details } = await failureOf(() => check(3 * MIB, 2));
  expect(code).toBe('SIZE_BUDGET_EXCEEDED');
  expect(message).toContain('1.0 MiB more than the budget of 2 MiB');
  expect(details.join('\n')).toMatch(/part .*: 3\.0 MiB/);
});
