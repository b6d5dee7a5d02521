import type { z } from 'zod';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { BuildConfiguration, FrameworkChoice } from './schema.ts';

type FrameworkKeys = Pick<
  z.output<typeof BuildConfiguration>,
  'framework' | 'kernel-from' | 'packages' | 'snapshot'
>;

/** The framework of a build. @throws FactoryError `usage` for keys that do not go together */
export function frameworkChoice(keys: FrameworkKeys): FrameworkChoice {
  const { name, source, version } = keys.framework;
  if (name === 'builtin') {
    if (source === undefined && version === undefined) return { name };
    throw new FactoryError(
      'OPTION_CONFLICT',
      'the builtin framework has no source and no version to choose',
      {
        remedy: 'Add --framework kairos-init, or leave them out.',
      },
    );
  }
  if (source === undefined) {
    throw new FactoryError(
      'SOURCE_UNSUITABLE',
      'framework kairos-init needs a source: its program, or an image with it',
      {
        remedy: 'Give --framework-source with the path of kairos-init or the reference of its image.',
      },
    );
  }
  const other =
    keys['kernel-from'] !== undefined
      ? 'kernel-from'
      : keys.packages.length > 0
        ? 'packages'
        : keys.snapshot === undefined
          ? undefined
          : 'snapshot';
  if (other !== undefined) {
    throw new FactoryError(
      'OPTION_CONFLICT',
      `${other} does not go with framework kairos-init, which installs by itself`,
      {
        remedy: 'Leave it out; a --containerfile can install more.',
      },
    );
  }
  return { name, source, version };
}
