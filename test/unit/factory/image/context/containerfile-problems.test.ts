import { describe, expect, test } from 'vitest';
import { requireBuildable } from '../../../../../src/factory/image/context/containerfile-problems.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

const makeContext = () => plant(temporaryDirectory(), { 'here/file': 'x' });
const check = (text: string, context = makeContext()) =>
  requireBuildable({ file: 'Containerfile', context }, text);

describe('a Containerfile', () => {
  test('has the line of each mistake that a builder would stop at', async () => {
    const context = makeContext();
    const error = await failureOf(
      () =>
        check(
          'RUNN true\n# note\nCOPY here/file gone /srv/\nENV\nCOPY one\nADD ["here", "no such", "/"]\n',
          context,
        ),
      'usage',
    );
    expect(error.code).toBe('CONTAINERFILE_INVALID');
    expect([error.message, ...error.details]).toEqual([
      'Containerfile:1: unknown instruction "RUNN" (did you mean "RUN"?)',
      `Containerfile:3: COPY: "gone" does not exist in ${context}`,
      'Containerfile:4: ENV has no arguments',
      'Containerfile:5: COPY needs a source and a destination',
      `Containerfile:6: ADD: "no such" does not exist in ${context}`,
    ]);
  });

  test.each([
    'COPY here/ /srv/',
    'COPY --chown=0:0 here/file /srv/',
    'COPY --from=other /nowhere /srv',
    'COPY *.conf $HOME/x /srv/',
    'ADD https://example.com/x /srv/',
    'COPY <<EOF /srv/x\ntext\nEOF',
    'RUN true \\\n  && false',
    'from scratch',
  ])('may have %j', (text) => {
    expect(() => check(text)).not.toThrow();
  });
});
