import { problemsOf } from '../../common/cloud-config/problems.ts';
import { CloudConfig, withoutNulls } from '../../common/cloud-config/schema.ts';
import type { Layer } from './collect.ts';

const InstallPart = CloudConfig.pick({ install: true });

/**
 * What keeps an automatic installation from starting, one sentence each: configurations that cannot be read, and values under
 * `install` of the wrong type, such as `auto: "true"`, which count as absent (docs/contract.md 5.3).
 * @param problems configurations that could not be read
 */
export function installMistakes(layers: readonly Layer[], problems: readonly string[]): string[] {
  const wrong = layers.flatMap(({ name, data }) =>
    problemsOf(InstallPart, withoutNulls(data)).map(({ message }) => `${name}: ${message}`),
  );
  return [...problems, ...wrong];
}
