import { stringify } from 'yaml';
import { FactoryError } from '../../common/errors/factory-error.ts';

/**
 * The value at a dotted key, in the manner of jq: `install.device`, `.users[0].name`, `users.0.name`, `"a.b".c`; the
 * whole tree for `.` (docs/contract.md 5.1).
 * @returns `undefined` when there is nothing
 * @throws FactoryError `usage` when the key cannot be understood
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
      throw new FactoryError(
        'OPTION_INVALID',
        `the key "${key}" cannot be understood from "${key.slice(from)}" on`,
        {
          remedy: 'Write it as a.b, a[0].b or "a.b".c.',
        },
      );
    }
    parts.push(match.slice(1).find((part) => part !== undefined) ?? '');
  }
  return parts;
}

/** A value for the terminal or for scripts: scalars as they are, the rest as YAML, nothing for what is not there. */
export function renderValue(value: unknown, json = false): string {
  if (json) return `${JSON.stringify(value ?? null, null, 2)}\n`;
  if (value === undefined || value === null) return '\n';
  return typeof value === 'object' ? stringify(value) : `${String(value)}\n`;
}
