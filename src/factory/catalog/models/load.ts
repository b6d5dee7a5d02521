import { join } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { didYouMean } from '../../../common/text/suggest.ts';
import { validate } from '../../../common/text/validate.ts';
import { readYaml } from '../../../common/text/yaml-source.ts';
import { listFlavors } from '../flavors/load.ts';
import { Model } from './schema.ts';

/** The names of all models in `directory`, sorted. */
export const listModels: (directory: string) => Promise<string[]> = listFlavors;

/**
 * Loads a board.
 * @throws FactoryError `usage` when there is no model of that name, or its file is invalid
 */
export async function loadModel(directory: string, name: string): Promise<Model> {
  const known = await listModels(directory);
  if (!known.includes(name)) {
    throw new FactoryError('MODEL_UNKNOWN', `unknown model "${name}"${didYouMean(name, known)}`, {
      remedy: `Choose one of: ${known.join(', ')}.`,
    });
  }
  const source = await readYaml(join(directory, `${name}.yaml`));
  return validate(Model, source.data, { kind: 'model', locate: source.locate });
}
