import { FactoryError } from '../../common/errors/factory-error.ts';
import { SUMS } from './output-files.ts';

/** The error for a directory that is to be signed or verified and that no build wrote. */
export function notABuildOutput(directory: string): FactoryError {
  return new FactoryError(
    'BUILD_OUTPUT_INVALID',
    `${directory} has no ${SUMS}, so it is not the output of a build`,
    { remedy: 'Name the directory that a build wrote to, or the files themselves.' },
  );
}
