import fc from 'fast-check';
import parse from 'spdx-expression-parse';
import { describe, expect, test } from 'vitest';
import { licenceExpression } from '../../../../../src/factory/inspect/sbom/licence-expression.ts';

describe('licenceExpression', () => {
  test.each([
    ['GPL-2+ or Expat', 'GPL-2.0-or-later OR MIT'],
    [
      'GPL-2+ or AFL-2.1, and Expat and Tcl-BSDish',
      '(AFL-2.1 OR GPL-2.0-or-later) AND LicenseRef-Tcl-BSDish AND MIT',
    ],
    ['LGPL-2.1', 'LGPL-2.1-only'],
    ['GFDL-NIV-1.3+', 'GFDL-1.3-no-invariants-or-later'],
    ['BSD-3-clause and/or GPL-3+', 'BSD-3-Clause OR GPL-3.0-or-later'],
    ['(GPLv2+ or LGPLv3+) and GPLv3+', '(GPL-2.0-or-later OR LGPL-3.0-or-later) AND GPL-3.0-or-later'],
    ['BSD or ASL 2.0', 'Apache-2.0 OR LicenseRef-BSD'],
    ['GPL-3.0-or-later WITH GCC-exception-3.1', 'GPL-3.0-or-later WITH GCC-exception-3.1'],
    ['GPL-2+ with Autoconf exception', 'LicenseRef-GPL-2-plus-with-Autoconf-exception'],
    ['LGPLv2 with exceptions', 'LicenseRef-LGPLv2-with-exceptions'],
    ['LGPLv2+ with exceptions', 'LicenseRef-LGPLv2-plus-with-exceptions'],
    ['GPL-2.0+', 'GPL-2.0-or-later'],
    ['Public Domain', 'LicenseRef-Public-Domain'],
    ['MIT AND', 'LicenseRef-MIT-AND'],
    ['(MIT', 'LicenseRef-MIT'],
    // Properties that every JavaScript object has.
    ['constructor or toString', 'LicenseRef-constructor OR LicenseRef-toString'],
    ['valueOf', 'LicenseRef-valueOf'],
  ])('%s becomes %s', (statement, expression) => {
    expect(licenceExpression([statement]).expression).toBe(expression);
  });

  test('combines all statements, sorted and without duplicates', () => {
    expect(licenceExpression(['Zlib', 'GPL-2', 'Expat or ISC', 'ISC or Expat'])).toEqual({
      expression: '(ISC OR MIT) AND GPL-2.0-only AND Zlib',
      references: new Map(),
    });
  });

  test('lists the names behind its references', () => {
    expect(licenceExpression(['permissive or g10/permissive']).references).toEqual(
      new Map([
        ['LicenseRef-permissive', 'permissive'],
        ['LicenseRef-g10-permissive', 'g10/permissive'],
      ]),
    );
  });

  test('is absent for a package that declares no licence', () => {
    expect(licenceExpression([]).expression).toBeUndefined();
  });

  test('is valid SPDX, whatever the package declares', () => {
    const word = fc.constantFrom(
      'GPL-2+',
      'Expat',
      'and',
      'or',
      ',',
      '(',
      ')',
      'with',
      'x/y',
      ', and',
      'ASL 2.0',
      '"',
      'é',
    );
    const statement = fc.oneof(
      fc.string({ minLength: 1 }),
      fc.array(word, { minLength: 1 }).map((words) => words.join(' ')),
    );
    fc.assert(
      fc.property(fc.array(statement, { minLength: 1, maxLength: 4 }), (statements) => {
        const { expression = '', references } = licenceExpression(statements);
        expect(() => parse(expression)).not.toThrow();
        for (const id of references.keys()) expect(id).toMatch(/^LicenseRef-[A-Za-z0-9.-]+$/);
      }),
    );
  });
});
