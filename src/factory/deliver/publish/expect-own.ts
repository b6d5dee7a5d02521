import { FactoryError } from '../../../common/errors/factory-error.ts';

/** @throws FactoryError `verification` when a file of our own is not what it was when it was made */
export function expectOwn(name: string, expected: string, actual: string): void {
  if (expected === actual) return;
  throw new FactoryError('DIGEST_MISMATCH', `${name} is not what its digest says`, {
    details: [`expected ${expected}`, `found ${actual}`],
    remedy: 'It was changed or damaged after it was made: make it again.',
  });
}
