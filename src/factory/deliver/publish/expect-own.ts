import { FactoryError } from '../../../common/errors/factory-error.ts';

/** Checks a file that this program wrote. @throws FactoryError `verification` when its digest differs from the recorded one */
export function expectOwn(name: string, expected: string, actual: string): void {
  if (expected === actual) return;
  throw new FactoryError('DIGEST_MISMATCH', `${name} does not match its digest`, {
    details: [`expected ${expected}`, `found ${actual}`],
    remedy: 'The file was changed or damaged after the build: build it again.',
  });
}
