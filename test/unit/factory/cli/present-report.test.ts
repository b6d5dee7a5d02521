import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import { presentReport } from '../../../../src/factory/cli/present-report.ts';

let out = '';
let err = '';
beforeEach(() => {
  out = '';
  err = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

const REPORT = { json: { made: 1 }, text: 'made one\n' };

describe('presentReport', () => {
  test('prints the text, or the JSON', async () => {
    await presentReport({}, async () => REPORT);
    expect([out, process.exitCode]).toEqual(['made one\n', undefined]);
    out = '';
    await presentReport({ json: true }, async () => ({ ...REPORT, status: 5 }));
    expect([JSON.parse(out), process.exitCode]).toEqual([{ made: 1 }, 5]);
  });

  test('prints nothing when another process did the work', async () => {
    await presentReport({ json: true }, async () => undefined);
    expect([out, err, process.exitCode]).toEqual(['', '', undefined]);
  });

  test('prints failures after the report; the first sets the exit status', async () => {
    const failures = [new FactoryError('TOOL_FAILED', 'first'), new FactoryError('OPTION_INVALID', 'second')];
    await presentReport({}, async () => ({ ...REPORT, failures }));
    expect(out).toBe('made one\n');
    expect(err.indexOf('first')).toBeGreaterThan(err.indexOf('second'));
    expect(err).toContain('second');
    expect(process.exitCode).toBe(4);
  });

  test('prints an error and the partial report as JSON, and throws the error', async () => {
    const error = new FactoryError('OPTION_INVALID', 'no such thing', { remedy: 'Name another.' });
    const body = () => Promise.reject(error);
    await expect(presentReport({ json: true, partial: () => ({ built: true }) }, body)).rejects.toBe(error);
    expect(JSON.parse(out)).toMatchObject({
      built: true,
      error: { kind: 'usage', status: 2, message: 'no such thing', remedy: 'Name another.' },
    });
    out = '';
    await expect(presentReport({}, body)).rejects.toBe(error);
    expect(out).toBe('');
  });
});
