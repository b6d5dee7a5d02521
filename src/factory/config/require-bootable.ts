import { FactoryError } from '../../common/errors/factory-error.ts';
import type { ArtifactKind, ArtifactsSpec } from './schema.ts';

const BOOTABLE: readonly ArtifactKind[] = ['iso', 'raw', 'qcow2'];

/** Checks that a build with a proof makes something to boot. @throws FactoryError `usage` when it does not */
export function requireBootable({ artifacts, prove }: Pick<ArtifactsSpec, 'artifacts' | 'prove'>): void {
  if (prove === undefined || artifacts.some((kind) => BOOTABLE.includes(kind))) return;
  throw new FactoryError('OPTION_CONFLICT', 'a proof needs an artifact that boots', {
    remedy: 'Add iso, raw or qcow2 to the artifacts, or leave out the proof.',
  });
}
