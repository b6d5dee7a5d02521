import { dirname, resolve } from 'node:path';
import { validate } from '../../common/text/validate.ts';
import { readYaml } from '../../common/text/yaml-source.ts';
import { RolloutFile, type RolloutSpec } from './schema.ts';

/**
 * Reads and validates the file of a rollout. Paths in it are relative to the file.
 * @throws FactoryError `usage`; each message begins with file, line and column
 */
export async function loadRollout(file: string): Promise<RolloutSpec> {
  const source = await readYaml(file);
  const spec = validate(RolloutFile, source.data, { kind: 'rollout', locate: source.locate });
  const near = (path: string) => resolve(dirname(file), path);
  const { identity, 'known-hosts': knownHosts, ...ssh } = spec.ssh;
  return {
    ...spec,
    ssh: {
      ...ssh,
      ...(identity === undefined ? {} : { identity: near(identity) }),
      ...(knownHosts === undefined ? {} : { 'known-hosts': near(knownHosts) }),
    },
    registries: spec.registries.map(({ ca, ...registry }) => ({
      ...registry,
      ...(ca === undefined ? {} : { ca: near(ca) }),
    })),
  };
}
