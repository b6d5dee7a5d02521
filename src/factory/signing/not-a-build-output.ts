import { FactoryError } from '../../common/errors/factory-error.ts';
import { SUMS } from './output-files.ts';

/** The error for signing or verifying a directory that is not the output of a build. */
export function notABuildOutput(directory: string): FactoryError {
  return new FactoryError(
    'BUILD_OUTPUT_INVALID',
    `${directory} has no ${SUMS}, so it is not the output of a build`,
    { remedy: 'Give the output directory of a build, or the files themselves.' },
  );
}
