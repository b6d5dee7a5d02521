import { stringify } from 'yaml';
import { farmDefinitions } from '../src/factory/farm/definition.ts';
import { nodeOperationDefinitions } from '../src/factory/node-operations/definitions.ts';

const HEADER = '# Written by `npm run docs` from the schemas in src/factory.\n';
/** Directories below deploy/operator that have the definitions: a packed chart cannot refer to files outside of it. */
const PLACES = ['crds', 'chart/crds'];

/** The generated files of deploy/operator, by their path in it. */
export function operatorManifests(): ReadonlyMap<string, string> {
  const definitions = [...farmDefinitions(), ...nodeOperationDefinitions()];
  const files = definitions.map((definition) => [
    `${definition.metadata.name}.yaml`,
    HEADER + stringify(definition, { aliasDuplicateObjects: false, lineWidth: 0 }),
  ]);
  const kustomization = {
    ...{ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization' },
    resources: files.map(([name]) => name),
  };
  return new Map([
    ...PLACES.flatMap((place) => files.map(([name, text]) => [`${place}/${name}`, text ?? ''] as const)),
    ['crds/kustomization.yaml', HEADER + stringify(kustomization)],
  ]);
}
