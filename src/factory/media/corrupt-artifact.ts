import { FactoryError } from '../../common/errors/factory-error.ts';

/** The error for a medium that cannot be read. @param reason a clause, such as `it is cut short` */
export function corruptArtifact(name: string, reason: string): FactoryError {
  return new FactoryError('ARTIFACT_CORRUPT', `${name} is broken: ${reason}`, {
    remedy: 'Compare it with its checksum in SHA256SUMS; download it again, or build it again.',
  });
}
