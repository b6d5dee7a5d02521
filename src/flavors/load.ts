import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError } from '../errors/factory-error.ts';
import { didYouMean } from '../spec/suggest.ts';
import { validate } from '../spec/validate.ts';
import { readYaml, type YamlSource } from '../spec/yaml-source.ts';
import { Flavor } from './schema.ts';

/** The names of all flavors in `directory`, sorted. */
export async function listFlavors(directory: string): Promise<string[]> {
  const files = await readdir(directory);
  return files
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
}

/**
 * Loads a flavor with all that it extends: maps are merged, lists and scalars of the nearer file replace.
 * @throws FactoryError `usage` when there is no such flavor, a file is invalid, or the inheritance has a cycle
 */
export async function loadFlavor(directory: string, name: string): Promise<Flavor> {
  const known = await listFlavors(directory);
  if (!known.includes(name)) {
    throw new FactoryError('usage', `unknown flavor "${name}"${didYouMean(name, known)}`, {
      remedy: `Choose one of: ${known.join(', ')}.`,
    });
  }
  const chain = await inheritance(directory, name, []);
  const merged = chain.map(({ data }) => data).reduceRight(merge, {});
  const { extends: _, ...own } = merged as Record<string, unknown>;
  return validate(Flavor, own, 'flavor', (path) => {
    const source = chain.find((candidate) => candidate.has(path)) ?? chain[0];
    return source ? source.locate(path) : name;
  });
}

async function inheritance(directory: string, name: string, below: readonly string[]): Promise<YamlSource[]> {
  const file = join(directory, `${name}.yaml`);
  if (below.includes(name)) {
    throw new FactoryError(
      'usage',
      `${file}: flavors extend each other in a circle: ${[...below, name].join(' → ')}`,
      {
        remedy: 'Remove one of the "extends".',
      },
    );
  }
  const source = await readYaml(file);
  if (!isPlainObject(source.data)) {
    throw new FactoryError('usage', `${source.locate([])}: a flavor is a mapping of keys to values`);
  }
  const parent = source.data['extends'];
  if (parent === undefined) return [source];
  if (typeof parent !== 'string' || !/^[a-z0-9-]+(\/[a-z0-9-]+)*$/.test(parent)) {
    throw new FactoryError(
      'usage',
      `${source.locate(['extends'])}: "extends" is not the name of a flavor file`,
    );
  }
  return [source, ...(await inheritance(directory, parent, [...below, name]))];
}

function merge(base: unknown, over: unknown): unknown {
  if (!isPlainObject(base) || !isPlainObject(over)) return over;
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over))
    result[key] = key in base ? merge(base[key], value) : value;
  return result;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
