import { renderYaml } from '../../common/cloud-config/render.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';

/**
 * Looks up a dotted key, written as in jq: `install.device`, `.users[0].name`, `users.0.name`, `"a.b".c`, or `.` for the
 * whole tree (docs/contract.md 5.1).
 * @returns `undefined` when the key has no value
 * @throws FactoryError `usage` when the key is malformed
 */
export function lookUp(data: unknown, key: string): unknown {
  return partsOf(key).reduce<unknown>((value, part) => {
    if (typeof value !== 'object' || value === null) return undefined;
    if (Array.isArray(value)) return /^\d+$/.test(part) ? value[Number(part)] : undefined;
    return Object.hasOwn(value, part) ? (value as Record<string, unknown>)[part] : undefined;
  }, data);
}

const PART = /\.?(?:\[(?:(\d+)|"([^"]*)")\]|"([^"]*)"|([^."[\]]+))/y;

function partsOf(key: string): string[] {
  if (key === '.') return [];
  const parts: string[] = [];
  const pattern = new RegExp(PART);
  while (pattern.lastIndex < key.length) {
    const from = pattern.lastIndex;
    const match = pattern.exec(key);
    if (!match) {
      throw new FactoryError('OPTION_INVALID', `the key "${key}" is malformed at "${key.slice(from)}"`, {
        remedy: 'Write it as a.b, a[0].b or "a.b".c.',
      });
    }
    parts.push(match.slice(1).find((part) => part !== undefined) ?? '');
  }
  return parts;
}

/** Renders a value for printing: scalars as plain text, other values as YAML, an undefined value as an empty line. */
export function renderValue(value: unknown, { json }: { readonly json?: boolean | undefined } = {}): string {
  if (json) return `${JSON.stringify(value ?? null, null, 2)}\n`;
  if (value === undefined || value === null) return '\n';
  return typeof value === 'object' ? renderYaml(value) : `${String(value)}\n`;
}
