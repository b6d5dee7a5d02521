import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FactoryError } from '../../../../../src/common/errors/factory-error.ts';
import { explainInstruction } from '../../../../../src/factory/pipeline/steps/build-user-image.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

const makeFile = () =>
  join(
    plant(temporaryDirectory(), { Containerfile: '# note\nRUN true\nRUN make \\\n    && false\n' }),
    'Containerfile',
  );
/** What buildah 1.28 says. */
const BUILDAH = new FactoryError('TOOL_FAILED', 'buildah failed with status 2', {
  details: [
    'make: *** No rule to make target.  Stop.',
    'error building at STEP "RUN make     && false": error while running runtime: exit status 2',
    'Error: exit status 2',
  ],
});
const explained = (error: unknown, last?: string, file = makeFile()) =>
  explainInstruction(error, { file }, last) as FactoryError;

describe('a failed instruction', () => {
  test('has its line, its status and what its program said', () => {
    const file = makeFile();
    const error = explained(BUILDAH, 'RUN make     && false', file);
    expect(error.code).toBe('CONTAINERFILE_FAILED');
    expect(error.message).toBe(`${file}:3: RUN make     && false failed with status 2`);
    expect(error.details).toEqual(['make: *** No rule to make target.  Stop.']);
  });

  test('has the status that Docker reports', () => {
    const file = makeFile();
    const docker = new FactoryError(
      'DOCKER_FAILED',
      "docker: The command '/bin/sh -c make && false' returned a non-zero code: 2",
    );
    expect(explained(docker, 'RUN make && false', file).message).toBe(
      `${file}:3: RUN make && false failed with status 2`,
    );
  });

  test('without a known line has the file; other errors stay', () => {
    const file = makeFile();
    expect(explained(BUILDAH, undefined, file).message).toMatch(`${file}: the builder refuses it`);
    const other = new FactoryError('DISK_FULL', 'full');
    expect(explained(other, 'RUN true')).toBe(other);
  });
});
