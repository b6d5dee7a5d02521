type Data = Readonly<Record<string, unknown>>;

/** Maps whose keys may be dotted at every depth. */
const DEEP: readonly string[] = ['install', 'upgrade', 'reset'];
/** Further maps that a dotted key at the top level may lead into. */
const SHALLOW: readonly string[] = [
  'grub_options',
  'k3s',
  'k3s-agent',
  'k0s',
  'k0s-worker',
  'kcrypt',
  'logs',
];
/** Maps below them whose keys are free, such as the names of variables. */
const FREE: readonly string[] = ['grub_options', 'env'];

/**
 * Expands dotted keys, which upstream documents for configurations: `install.partitions.oem.size: 128` at the top level, and
 * `partitions.oem.size: 128` below `install` (docs/contract.md 4.2). Elsewhere, as in the names of sysctl settings, a dot has
 * no meaning. Where a map and a dotted key set the same value, the later one wins.
 */
export function expandDottedKeys(data: unknown): unknown {
  if (!isMap(data)) return data;
  return fold(data, ([key, value]) => {
    const [first = '', ...others] = key.split('.');
    if (others.length === 0 || others.includes('') || ![...DEEP, ...SHALLOW].includes(first)) {
      return { [key]: DEEP.includes(key) ? expandAll(value) : value };
    }
    const inner = nest(others, value);
    return { [first]: DEEP.includes(first) ? expandAll(inner) : inner };
  });
}

function expandAll(value: unknown): unknown {
  if (!isMap(value)) return value;
  return fold(value, ([key, inner]) => {
    const parts = key.split('.');
    if (parts.includes('')) return { [key]: inner };
    return nest(parts, FREE.includes(parts[0] ?? '') ? inner : expandAll(inner));
  });
}

function nest(parts: readonly string[], value: unknown): Data {
  return parts.reduceRight<unknown>((inner, part) => Object.fromEntries([[part, inner]]), value) as Data;
}

function fold(data: Data, expand: (entry: [string, unknown]) => Data): Data {
  const result = new Map<string, unknown>();
  for (const entry of Object.entries(data)) overlay(result, expand(entry));
  return Object.fromEntries(result);
}

/** Unlike the merge of two configurations, this one replaces lists: both keys are in the same file. */
function overlay(base: Map<string, unknown>, over: Data): void {
  for (const [key, value] of Object.entries(over)) {
    const before = base.get(key);
    if (isMap(before) && isMap(value)) {
      const inner = new Map(Object.entries(before));
      overlay(inner, value);
      base.set(key, Object.fromEntries(inner));
    } else base.set(key, value);
  }
}

function isMap(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
