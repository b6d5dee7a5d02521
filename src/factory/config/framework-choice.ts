import type { z } from 'zod';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { BuildConfiguration, FrameworkChoice } from './schema.ts';

type FrameworkKeys = Pick<
  z.output<typeof BuildConfiguration>,
  'framework' | 'kernel-from' | 'packages' | 'package-sets' | 'snapshot'
>;

/** Derives the framework of a build. @throws FactoryError `usage` for conflicting keys */
export function frameworkChoice(keys: FrameworkKeys): FrameworkChoice {
  const { name, source, version } = keys.framework;
  if (name === 'builtin') {
    if (source === undefined && version === undefined) return { name };
    throw new FactoryError(
      'OPTION_CONFLICT',
      'framework-source and framework-version do not apply to the builtin framework',
      {
        remedy: 'Add --framework kairos-init, or remove them.',
      },
    );
  }
  if (source === undefined) {
    throw new FactoryError(
      'SOURCE_UNSUITABLE',
      'framework kairos-init needs a source: the program, or an image that contains it',
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
        : keys['package-sets'].length > 0
          ? 'package-sets'
          : keys.snapshot === undefined
            ? undefined
            : 'snapshot';
  if (other !== undefined) {
    throw new FactoryError(
      'OPTION_CONFLICT',
      `${other} cannot be combined with framework kairos-init, which installs packages itself`,
      {
        remedy: 'Remove it; a --containerfile can install more packages.',
      },
    );
  }
  return { name, source, version };
}
