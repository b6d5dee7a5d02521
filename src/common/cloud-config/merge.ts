import { isScalar, parseDocument } from 'yaml';
import { FactoryError } from '../errors/factory-error.ts';
import type { ConfigData } from './parse.ts';
import { CloudConfig } from './schema.ts';
import { typedData } from './typed-data.ts';
import { YAML_DIALECT } from './yaml-dialect.ts';

/** The largest list index allowed in a dotted key. */
const MAX_INDEX = 255;

/**
 * Merges `over` into a copy of `base` (docs/contract.md 4.2): maps merge deeply, lists of maps are concatenated, lists of
 * scalars are united, everything else is replaced. An explicit null is kept, and thus resets the earlier value.
 */
export function mergeConfigs(base: ConfigData, over: ConfigData): ConfigData {
  // Properties are defined, not assigned: "__proto__" is a key like any other.
  return Object.fromEntries([
    ...Object.entries(base),
    ...Object.entries(over).map(([key, value]) => [
      key,
      Object.hasOwn(base, key) ? mergeValues(base[key], value) : value,
    ]),
  ]) as ConfigData;
}

function mergeValues(base: unknown, over: unknown): unknown {
  if (isMap(base) && isMap(over)) return mergeConfigs(base, over);
  if (!Array.isArray(base) || !Array.isArray(over)) return over;
  const items: unknown[] = [...base, ...over];
  return items.some(isStructure) ? items : [...new Set(items)];
}

/** Whether a YAML value is a map. */
export function isMap(value: unknown): value is ConfigData {
  return isStructure(value) && !Array.isArray(value);
}

function isStructure(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

interface Leaf {
  readonly value: unknown;
  /** The value as it is written. */
  readonly text: unknown;
}
type Tree = Map<string, Tree | Leaf>;

/**
 * Builds a configuration from dotted assignments, as given on the kernel command line (docs/contract.md 4.2):
 * `install.auto=true`, `users.0.name=kairos`. Numbers index lists, without gaps; a value is read as a YAML scalar, or
 * else as text; a key without a value is true; later assignments win.
 * @throws FactoryError `usage` for an empty part of a key, an index beyond 255, and a key below a scalar
 */
export function fromDotted(assignments: readonly string[]): ConfigData {
  const root: Tree = new Map();
  for (const assignment of assignments) {
    const [key = '', ...rest] = assignment.split('=');
    const text = rest.join('=');
    const leaf = rest.length === 0 ? { value: true, text: 'true' } : { value: scalar(text), text };
    insert(root, partsOf(key), leaf);
  }
  const build = (part: keyof Leaf) =>
    Object.fromEntries([...root].map(([key, value]) => [key, buildFrom(value, part)]));
  return typedData(CloudConfig, { data: build('value'), texts: build('text') }).data as ConfigData;
}

function partsOf(key: string): [string, ...string[]] {
  const parts = key.split('.');
  const [first, ...others] = parts;
  if (first === undefined || parts.includes('')) {
    throw dottedError(`"${key}" has an empty part`, 'Write keys as a.b=value.');
  }
  if (others.some((part) => isIndex(part) && Number(part) > MAX_INDEX)) {
    throw dottedError(`"${key}" has an index beyond ${MAX_INDEX}`, 'Put long lists into a file.');
  }
  return [first, ...others];
}

function insert(root: Tree, [first, ...others]: [string, ...string[]], leaf: Leaf): void {
  let tree = root;
  let key = first;
  for (const next of others) {
    const child = tree.get(key) ?? new Map();
    tree.set(key, child);
    if (!(child instanceof Map)) {
      throw dottedError(`"${key}" has a value and keys below it`, 'Give it one or the other.');
    }
    tree = child;
    key = next;
  }
  if (tree.get(key) instanceof Map) {
    throw dottedError(`"${key}" has a value and keys below it`, 'Give it one or the other.');
  }
  tree.set(key, leaf);
}

function buildFrom(node: Tree | Leaf, part: keyof Leaf): unknown {
  if (!(node instanceof Map)) return node[part];
  const entries = [...node];
  if (entries.every(([key]) => isIndex(key))) {
    return entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, value]) => buildFrom(value, part));
  }
  return Object.fromEntries(entries.map(([key, value]) => [key, buildFrom(value, part)]));
}

function isIndex(part: string): boolean {
  return /^(0|[1-9]\d*)$/.test(part);
}

function scalar(text: string): unknown {
  if (text === '') return '';
  const { contents, errors } = parseDocument(text, YAML_DIALECT);
  return errors.length === 0 && isScalar(contents) ? contents.value : text;
}

function dottedError(problem: string, remedy: string): FactoryError {
  return new FactoryError('CLOUD_CONFIG_INVALID', `kairos.config: ${problem}`, { remedy });
}
