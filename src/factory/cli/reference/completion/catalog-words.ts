import { openAllFlavors } from '../../../catalog/flavors/load.ts';
import { DISTRIBUTIONS } from '../../../catalog/kubernetes/distribution.ts';
import { listModels } from '../../../catalog/models/load.ts';
import { FLAVORS, MODELS } from '../../../pipeline/project-files.ts';
import { COMMAND_NAMES } from '../../command-names.ts';
import type { Catalog } from './completed-command.ts';

/** Reads the names in the catalog. @throws FactoryError when a file of it is invalid */
export async function catalogWords(): Promise<Catalog> {
  const flavors = (await openAllFlavors(FLAVORS)).map(({ flavor }) => flavor);
  const keysOf = (maps: readonly object[]) => [...new Set(maps.flatMap((map) => Object.keys(map)))];
  return {
    flavors: flavors.map(({ name }) => name),
    releases: keysOf(flavors.map(({ releases }) => releases)),
    kernels: keysOf(flavors.map(({ kernels }) => kernels)),
    'package-sets': keysOf(flavors.map((flavor) => flavor['package-sets'] ?? {})),
    models: await listModels(MODELS),
    commands: COMMAND_NAMES,
    kubernetes: DISTRIBUTIONS.map((name) => `${name}@`),
  };
}
