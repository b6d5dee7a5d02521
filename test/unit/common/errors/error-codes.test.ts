import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withErrorCodes } from '../../../../src/common/errors/code-reference.ts';
import { ERROR_CODES, type ErrorCode } from '../../../../src/common/errors/error-codes.ts';
import { EXIT_STATUS, FactoryError } from '../../../../src/common/errors/factory-error.ts';

const PROJECT = join(import.meta.dirname, '../../../..');
const CODES = Object.keys(ERROR_CODES) as ErrorCode[];

describe('error codes', () => {
  test('are each used outside of their table', () => {
    const root = join(PROJECT, 'src');
    const text = readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('error-codes.ts'))
      .map((file) => readFileSync(join(root, file), 'utf8'))
      .join('\n');
    expect(CODES.filter((code) => !text.includes(`'${code}'`))).toEqual([]);
  });

  test('decide the kind of an error, and with it the exit status', () => {
    for (const code of CODES) {
      const { kind } = new FactoryError(code, 'x');
      expect(kind).toBe(ERROR_CODES[code].kind);
      expect(EXIT_STATUS[kind]).toBeGreaterThan(1);
    }
  });

  // Scripts rely on codes, so a renamed code must fail here.
  test.each([
    ['TOOL_MISSING', 'tool'],
    ['DISK_FULL', 'step'],
    ['REGISTRY_UNAUTHORIZED', 'step'],
    ['SIGNATURE_REFUSED', 'verification'],
    ['LOCK_DIFFERS', 'verification'],
    ['CONFIG_INVALID', 'usage'],
    ['INTERRUPTED', 'interrupted'],
  ] as const)('%s is of the kind %s', (code, kind) => {
    expect(new FactoryError(code, 'x').kind).toBe(kind);
  });

  // When this fails: npm run docs
  test('are listed in docs/errors.md as in the source', () => {
    const page = readFileSync(join(PROJECT, 'docs/errors.md'), 'utf8');
    expect(page).toBe(withErrorCodes(page));
    expect(() => withErrorCodes('# Errors')).toThrow(RangeError);
  });
});
