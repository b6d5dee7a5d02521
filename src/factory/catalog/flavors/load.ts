import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { didYouMean } from '../../../common/text/suggest.ts';
import { validate } from '../../../common/text/validate.ts';
import { readYaml, type YamlSource } from '../../../common/text/yaml-source.ts';
import { isFlavorFile } from './flavor-file.ts';
import { Flavor } from './schema.ts';

/** A flavor, with the positions of its values in its files. */
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

/** Loads a flavor like {@link openFlavor}, without positions. */
export async function loadFlavor(directory: string, reference: string): Promise<Flavor> {
  return (await openFlavor(directory, reference)).flavor;
}

/**
 * Loads a flavor with everything that it extends. Maps are merged; lists and scalars of the extending file replace those of
 * the extended one.
 * @param directory the directory of the shipped flavors
 * @param reference the name of a shipped flavor, or a file: see {@link isFlavorFile}
 * @throws FactoryError `usage` when the flavor does not exist, a file is invalid, or the inheritance has a cycle
 */
export async function openFlavor(directory: string, reference: string): Promise<LoadedFlavor> {
  const chain = await flavorChain(directory, reference);
  const merged = chain.map(({ data }) => data).reduceRight(merge, {});
  const { extends: _, ...own } = merged as Record<string, unknown>;
  const locate = (path: readonly PropertyKey[]) => {
    const source = chain.find((candidate) => candidate.has(path)) ?? chain[0];
    return source ? source.locate(path) : reference;
  };
  return { flavor: validate(Flavor, own, { kind: 'flavor', locate }), locate };
}

/** Loads all flavors in `directory`, sorted by name. @throws FactoryError as {@link openFlavor} */
export async function openAllFlavors(directory: string): Promise<LoadedFlavor[]> {
  return Promise.all((await listFlavors(directory)).map((name) => openFlavor(directory, name)));
}

/** Reads the files of a flavor, the extending before the extended. @throws FactoryError as {@link openFlavor} */
export async function flavorChain(directory: string, reference: string): Promise<YamlSource[]> {
  if (isFlavorFile(reference)) return inheritance(directory, { file: resolve(reference), own: true });
  const known = await listFlavors(directory);
  if (!known.includes(reference)) {
    const [, name = '', release = ''] = /^([^:@]+)[:@](.+)$/.exec(reference) ?? [];
    if (known.includes(name)) {
      throw new FactoryError('FLAVOR_UNKNOWN', `"${reference}" is the name of a flavor and a release`, {
        remedy: `Give both: --flavor ${name} --release ${release}; or --base ${reference} for the image in a registry.`,
      });
    }
    throw new FactoryError('FLAVOR_UNKNOWN', `unknown flavor "${reference}"${didYouMean(reference, known)}`, {
      remedy: `Choose one of: ${known.join(', ')}; or give your own file, such as ./my.yaml.`,
    });
  }
  return inheritance(directory, { file: join(directory, `${reference}.yaml`), own: false });
}

/** A file of a flavor. */
interface FlavorFile {
  readonly file: string;
  /** Whether it is the user's own file, which may extend files by path, or a shipped one. */
  readonly own: boolean;
}

/** @param below the files that extend this one */
async function inheritance(
  directory: string,
  { file, own }: FlavorFile,
  below: readonly string[] = [],
): Promise<YamlSource[]> {
  if (below.includes(file)) {
    const names = [...below, file].map((path) => nameOf(directory, path));
    throw new FactoryError(
      'CONFIG_INVALID',
      `${file}: the inheritance of flavors has a cycle: ${names.join(' → ')}`,
      {
        remedy: 'Remove one of the "extends" keys.',
      },
    );
  }
  const source = await readYaml(file);
  if (!isPlainObject(source.data)) {
    throw new FactoryError(
      'CONFIG_INVALID',
      `${source.locate([])}: the flavor is not a mapping of keys to values`,
      {
        remedy: 'docs/flavors.md lists every key.',
      },
    );
  }
  const parent = source.data['extends'];
  if (parent === undefined) return [source];
  if (typeof parent === 'string') {
    const further = [...below, file];
    if (own && /^\.\.?\/.*\.ya?ml$/.test(parent)) {
      const extended = { file: resolve(dirname(file), parent), own: true };
      return [source, ...(await inheritance(directory, extended, further))];
    }
    if (/^[a-z0-9-]+(\/[a-z0-9-]+)*$/.test(parent)) {
      const extended = { file: join(directory, `${parent}.yaml`), own: false };
      return [source, ...(await inheritance(directory, extended, further))];
    }
  }
  throw new FactoryError(
    'CONFIG_INVALID',
    `${source.locate(['extends'])}: "extends" is not the name of a flavor file`,
    {
      remedy: own
        ? 'Write the name of a shipped flavor, such as debian or families/debian, or a path such as ./other.yaml.'
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
