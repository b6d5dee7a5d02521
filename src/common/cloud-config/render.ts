import { stringify } from 'yaml';
import { YAML_DIALECT } from './yaml-dialect.ts';

/**
 * Renders data as YAML that every reader of cloud-configs reads back as the same data. Text that any of them would take for a
 * number, a truth value or a date is quoted: readers of YAML 1.1 and 1.2, Go's yaml.v3, and our own dialect.
 */
export function renderYaml(data: unknown): string {
  return stringify(data, { ...YAML_DIALECT, compat: 'yaml-1.1', lineWidth: 0, aliasDuplicateObjects: false });
}
