import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { didYouMean } from '../../../common/text/suggest.ts';
import { validate } from '../../../common/text/validate.ts';
import { readYaml, type YamlSource } from '../../../common/text/yaml-source.ts';
import { isFlavorFile } from './flavor-file.ts';
import { Flavor } from './schema.ts';

/** A flavor, and the way from its values back to the files that they stand in. */
export interface LoadedFlavor {
  readonly flavor: Flavor;
  /** `file:line:column` of the value at `path`, in the nearest file that has it. */
  readonly locate: (path: readonly PropertyKey[]) => string;
}

/** The names of all flavors in `directory`, sorted. */
export async function listFlavors(directory: string): Promise<string[]> {
  const files = await readdir(directory);
  return files
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
}

/** {@link openFlavor} without the places. */
export async function loadFlavor(directory: string, reference: string): Promise<Flavor> {
  return (await openFlavor(directory, reference)).flavor;
}

/**
 * Loads a flavor with all that it extends: maps are merged, lists and scalars of the nearer file replace.
 * @param directory the shipped flavors
 * @param reference the name of one of them, or a file: see {@link isFlavorFile}
 * @throws FactoryError `usage` when there is no such flavor, a file is invalid, or the inheritance has a cycle
 */
export async function openFlavor(directory: string, reference: string): Promise<LoadedFlavor> {
  const chain = await flavorChain(directory, reference);
  const merged = chain.map(({ data }) => data).reduceRight(merge, {});
  const { extends: _, ...own } = merged as Record<string, unknown>;
  const locate = (path: readonly PropertyKey[]) => {
    const source = chain.find((candidate) => candidate.has(path)) ?? chain[0];
    return source ? source.locate(path) : reference;
  };
  return { flavor: validate(Flavor, own, 'flavor', locate), locate };
}

/** All flavors of `directory`, sorted by name. @throws FactoryError as {@link openFlavor} */
export async function openAllFlavors(directory: string): Promise<LoadedFlavor[]> {
  return Promise.all((await listFlavors(directory)).map((name) => openFlavor(directory, name)));
}

/** The files that make up a flavor, the nearest first. @throws FactoryError as {@link openFlavor} */
export async function flavorChain(directory: string, reference: string): Promise<YamlSource[]> {
  if (isFlavorFile(reference)) return inheritance(directory, resolve(reference), true, []);
  const known = await listFlavors(directory);
  if (!known.includes(reference)) {
    throw new FactoryError('FLAVOR_UNKNOWN', `unknown flavor "${reference}"${didYouMean(reference, known)}`, {
      remedy: `Choose one of: ${known.join(', ')}; or name a file of your own, such as ./my.yaml.`,
    });
  }
  return inheritance(directory, join(directory, `${reference}.yaml`), false, []);
}

/** @param own whether the file is a person's, which may extend files beside it, and not one of the shipped */
async function inheritance(
  directory: string,
  file: string,
  own: boolean,
  below: readonly string[],
): Promise<YamlSource[]> {
  if (below.includes(file)) {
    const names = [...below, file].map((path) => nameOf(directory, path));
    throw new FactoryError(
      'CONFIG_INVALID',
      `${file}: flavors extend each other in a circle: ${names.join(' → ')}`,
      {
        remedy: 'Remove one of the "extends".',
      },
    );
  }
  const source = await readYaml(file);
  if (!isPlainObject(source.data)) {
    throw new FactoryError(
      'CONFIG_INVALID',
      `${source.locate([])}: a flavor is a mapping of keys to values`,
      {
        remedy: 'docs/flavors.md lists every key.',
      },
    );
  }
  const parent = source.data['extends'];
  if (parent === undefined) return [source];
  if (typeof parent === 'string') {
    const further = [...below, file];
    if (own && /^\.\.?\/.*\.ya?ml$/.test(parent))
      return [source, ...(await inheritance(directory, resolve(dirname(file), parent), true, further))];
    if (/^[a-z0-9-]+(\/[a-z0-9-]+)*$/.test(parent)) {
      const shipped = join(directory, `${parent}.yaml`);
      return [source, ...(await inheritance(directory, shipped, false, further))];
    }
  }
  throw new FactoryError(
    'CONFIG_INVALID',
    `${source.locate(['extends'])}: "extends" is not the name of a flavor file`,
    {
      remedy: own
        ? 'Write the name of a shipped one, such as debian or families/debian, or a path such as ./other.yaml.'
        : 'Write a name such as families/debian.',
    },
  );
}

function nameOf(directory: string, file: string): string {
  return file.startsWith(`${directory}/`) ? file.slice(directory.length + 1, -'.yaml'.length) : file;
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
