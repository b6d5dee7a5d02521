import { expect, test } from 'vitest';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import { failuresOf } from '../../../../src/factory/cli/target-failures.ts';
import { onlyBuild } from '../../../../src/factory/pipeline/build-report.ts';

const failed = (name: string | undefined, error: unknown) => ({ name, status: 'failed', error }) as const;

test('a failure that targets share is reported once, with their names', () => {
  const shared = new FactoryError('TOOL_MISSING', 'make base: it broke', {
    details: ['line'],
    remedy: 'Mend it.',
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
      ...{ details: ['line'], remedy: 'Mend it.' },
    }),
    expect.objectContaining({ message: 'a defect' }),
  ]);
});

test('the failure of the only target is the failure of the run', () => {
  const error = new FactoryError('TOOL_FAILED', 'it broke');
  expect(() => onlyBuild({ targets: [failed(undefined, error)], seconds: 1 })).toThrow(error);
});
