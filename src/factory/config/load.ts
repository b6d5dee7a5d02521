import { resolve } from 'node:path';
import type { z } from 'zod';
import { everyResult } from '../../common/errors/every-result.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { validate } from '../../common/text/validate.ts';
import { parseYaml, readYaml, type YamlSource } from '../../common/text/yaml-source.ts';
import { anchorPaths } from './anchor-paths.ts';
import { expandMatrix, MatrixKeys, type Variation } from './matrix.ts';
import type { ResolveReference } from './reference-schema.ts';

/** The sources of a configuration, in ascending precedence: file, `--set`, flags. */
export interface ConfigurationSources {
  /** A YAML file, if any. */
  readonly file?: string;
  /** Assignments `a.b=value`; the value is YAML. */
  readonly set: readonly string[];
  /** Values of flags by configuration key; `undefined` for a flag that was not given. */
  readonly flags: Readonly<Record<string, unknown>>;
}

/** Flags whose name differs from their key. */
const FLAG_NAMES: Readonly<Record<string, string>> = {
  artifacts: 'artifact',
  'framework.name': 'framework',
  'framework.source': 'framework-source',
  'framework.version': 'framework-version',
  'sign.key': 'sign',
  'push.to': 'push',
  'prove.life': 'prove',
  'buildkit.builders': 'builder',
  'buildkit.tls': 'builder-tls',
  'buildkit.cache-to': 'cache-to',
  'buildkit.cache-from': 'cache-from',
  'release-output': 'output',
  'release-previous': 'previous',
};

type Data = Record<string, unknown>;

/** The configuration of a target; the single target of a file without `targets` has no name. */
export interface Configured<T> {
  readonly name: string | undefined;
  readonly configuration: T;
}

/**
 * Merges the sources and validates the result, for every target of the file.
 * @param resolveReference resolves a reference of `base` or `image` against a directory
 * @throws FactoryError `usage`, also for a flag or `--set` of a key in which the targets differ; each message names the file,
 * line and column, or the flag, at fault
 */
export async function loadConfigurations<S extends z.ZodType>(
  schema: S,
  sources: ConfigurationSources,
  resolveReference: ResolveReference,
): Promise<Configured<z.output<S>>[]> {
  const file = sources.file === undefined ? undefined : await readYaml(sources.file);
  const { matrix, targets, ...common } = file ? mapping(file) : {};
  const locate = (path: readonly PropertyKey[]) => file?.locate(path) ?? '';
  const keys = validate(MatrixKeys, { matrix, targets }, { kind: 'configuration', locate });
  const variations: readonly (Variation | undefined)[] = expandMatrix(keys, locate) ?? [undefined];
  return everyResult(
    variations.map((variation) => () => {
      const source = file && { file, common, variation };
      return {
        name: variation?.name,
        configuration: mergeAndValidate(schema, { source, sources, resolveReference }),
      };
    }),
  );
}

/**
 * Merges and validates like {@link loadConfigurations}, for a file with a single target.
 * @throws FactoryError `usage`, also for a file with several targets
 */
export async function loadConfiguration<S extends z.ZodType>(
  schema: S,
  sources: ConfigurationSources,
  resolveReference: ResolveReference,
): Promise<z.output<S>> {
  const all = await loadConfigurations(schema, sources, resolveReference);
  const [only] = all;
  if (only && all.length === 1) return only.configuration;
  throw new FactoryError(
    'TARGET_UNKNOWN',
    `${sources.file} has ${all.length} targets, but this command needs exactly one`,
    {
      remedy: 'Give a file with one target.',
    },
  );
}

/** A file, its keys that all targets share, and a target. */
interface FileSource {
  readonly file: YamlSource;
  readonly common: Data;
  readonly variation: Variation | undefined;
}

interface MergeOptions {
  readonly source: FileSource | undefined;
  readonly sources: ConfigurationSources;
  readonly resolveReference: ResolveReference;
}

function mergeAndValidate<S extends z.ZodType>(
  schema: S,
  { source, sources, resolveReference }: MergeOptions,
): z.output<S> {
  const { file, variation } = source ?? {};
  const flags = Object.fromEntries(Object.entries(sources.flags).filter(([, value]) => value !== undefined));
  const assignments = sources.set.map(parseAssignment);
  const anchor = (data: Data, directory: string) => anchorPaths(data, { directory, resolveReference });

  for (const key of [
    ...Object.keys(flags).map(firstKey),
    ...assignments.map(({ path: [first = ''] }) => first),
  ])
    if (variation && Object.hasOwn(variation.values, key)) throw varied(key, variation.name);
  let data: Data = source
    ? anchor({ ...source.common, ...variation?.values }, resolve(source.file.name, '..'))
    : {};
  // In a target, null removes a shared key.
  data = Object.fromEntries(
    Object.entries(data).filter(([key, value]) => !(variation?.places[key] && value === null)),
  );
  for (const { path, value } of assignments)
    data = assign(data, path, anchorValue(path, value, resolveReference));
  for (const [key, value] of Object.entries(anchor(flags, process.cwd())))
    data = assign(data, key.split('.'), value);

  const locate = (path: readonly PropertyKey[]): string => {
    const text = path.join('.');
    const isFlag = (name: string) => Object.hasOwn(flags, name);
    const above = path.map((_, index) => path.slice(0, path.length - index).join('.'));
    const key = above.find(isFlag) ?? String(path[0]);
    if (Object.hasOwn(flags, key)) return `--${FLAG_NAMES[key] ?? key}`;
    const set = assignments.findLast((assignment) => related(assignment.path, path));
    if (set) return `--set ${set.path.join('.')}`;
    const place = variation?.places[key];
    if (file && place) return file.locate([...place, ...path.slice(1)]);
    if (file && (path.length === 0 || file.has(path.slice(0, 1)))) return file.locate(path);
    // A value that is nowhere is missing: what can give it is a flag, if the command has one for it.
    return Object.hasOwn(sources.flags, text)
      ? `--${FLAG_NAMES[text] ?? text}`
      : (file?.name ?? 'the configuration');
  };
  return validate(schema, data, { kind: 'configuration', locate });
}

/** Whether one path is the start of the other: an assignment changes the values below it, and those above. */
function related(one: readonly string[], other: readonly PropertyKey[]): boolean {
  return (
    one.every((part, index) => index >= other.length || String(other[index]) === part) && other.length > 0
  );
}

function varied(key: string, target: string): FactoryError {
  return new FactoryError(
    'OPTION_CONFLICT',
    `"${key}" cannot be set on the command line, because target ${target} sets it`,
    {
      remedy: 'Select targets with --only NAME, or change the file.',
    },
  );
}

function mapping(file: YamlSource): Data {
  if (file.data === null) return {};
  if (typeof file.data !== 'object' || Array.isArray(file.data)) {
    throw new FactoryError(
      'CONFIG_INVALID',
      `${file.locate([])}: the configuration is not a mapping of keys to values`,
      { remedy: 'Write lines of the form "key: value"; docs/configuration.md lists the keys.' },
    );
  }
  return file.data as Data;
}

function parseAssignment(text: string): { path: string[]; value: unknown } {
  const at = text.indexOf('=');
  const path = text.slice(0, at).split('.');
  if (at < 1 || path.includes('')) {
    throw new FactoryError('OPTION_INVALID', `--set ${text}: does not have the form key=value`, {
      remedy: 'Write, for example, --set disk.oem=128.',
    });
  }
  const index = path.findIndex((part) => /^\d+$/.test(part));
  if (index > 0) {
    const list = path.slice(0, index).join('.');
    throw new FactoryError('OPTION_INVALID', `--set ${text}: an entry of a list cannot be set alone`, {
      remedy: `Set the whole list: --set '${list}=[ONE, TWO]', or change the file.`,
    });
  }
  return { path, value: parseYaml(`--set ${path.join('.')}`, text.slice(at + 1)).data };
}

/** The first component of a key, which may be a path. */
function firstKey(path: string): string {
  return path.split('.')[0] ?? path;
}

/** Sets a value at a path, in own properties only: the key `__proto__` must not reach the prototype. */
function assign(data: Data, path: readonly string[], value: unknown): Data {
  const [key = '', ...rest] = path;
  const below = Object.hasOwn(data, key) ? data[key] : undefined;
  const inner = typeof below === 'object' && below !== null && !Array.isArray(below) ? (below as Data) : {};
  return Object.fromEntries([
    ...Object.entries(data),
    [key, rest.length > 0 ? assign(inner, rest, value) : value],
  ]);
}

function anchorValue(path: readonly string[], value: unknown, resolveReference: ResolveReference): unknown {
  const whole = anchorPaths(assign({}, path, value), { directory: process.cwd(), resolveReference });
  return path.reduce((below: unknown, key) => (below as Data)[key], whole);
}
