import { expect, test } from 'vitest';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import { failuresOf } from '../../../../src/factory/cli/target-failures.ts';
import { onlyBuild } from '../../../../src/factory/pipeline/build-report.ts';

const failed = (name: string | undefined, error: unknown) => ({ name, status: 'failed', error }) as const;

test('a shared failure is reported once, with the names of its targets', () => {
  const shared = new FactoryError('TOOL_MISSING', 'make base: it broke', {
    details: ['line'],
    remedy: 'Fix it.',
  });
  const failures = failuresOf([
    failed('one', shared),
    { name: 'two', status: 'cancelled' },
    failed('three', new FactoryError('TOOL_MISSING', 'make base: it broke')),
    failed('four', new TypeError('a defect')),
  ]);
  expect(failures).toEqual([
    expect.objectContaining({
      ...{ kind: 'tool', message: 'one, three: make base: it broke' },
      ...{ details: ['line'], remedy: 'Fix it.' },
    }),
    expect.objectContaining({ message: 'a defect' }),
  ]);
});

test('the error of a single target is not changed', () => {
  const error = new FactoryError('TOOL_FAILED', 'it broke');
  expect(() => onlyBuild({ targets: [failed(undefined, error)], seconds: 1 })).toThrow(error);
});
