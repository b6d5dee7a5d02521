import { FactoryError } from '../errors/factory-error.ts';
import { findUnsupported } from './find-unsupported.ts';
import { loginProblems } from './login-problems.ts';
import { menuVariableProblems } from './menu-variables.ts';
import { type ConfigDocument, HEADERS, onlySteps, parseConfig } from './parse.ts';
import { type Problem, problemsOf, unknownKeys } from './problems.ts';
import { adminProblems, partitionProblems, stageProblems } from './rules.ts';
import { CloudConfig, withoutNulls } from './schema.ts';
import { templateProblems } from './template-problems.ts';

/** Maximum number of findings reported per severity. */
const LIMIT = 100;

/** An error or a warning about a cloud-config. */
export interface Finding {
  readonly severity: 'error' | 'warning';
  /** `file:line:column` */
  readonly place: string;
  readonly message: string;
}

/** How a cloud-config is judged. */
export interface ValidationOptions {
  /** Report every warning as an error. */
  readonly strict?: boolean;
  /**
   * How to treat unsupported keys: refuse them (the default), warn when it is unknown which agent reads the file, or
   * ignore them when the upstream agent does.
   */
  readonly unsupported?: 'refuse' | 'warn' | 'ignore';
}

/**
 * Checks a cloud-config (docs/contract.md 4.3 to 4.10).
 * @returns findings in line order: errors where an agent would fail or deviate from the file, warnings where it would
 * ignore something
 */
export function validateCloudConfig(
  document: ConfigDocument,
  { strict = false, unsupported = 'refuse' }: ValidationOptions = {},
): Finding[] {
  const { data } = document;
  const findings =
    (severity: Finding['severity']) =>
    ({ path, message }: Problem): Finding => ({ severity, place: document.locate(path), message });
  const unsupportedKeys = unsupported === 'ignore' ? [] : findUnsupported(data);
  const errors = [
    ...problemsOf(CloudConfig, withoutNulls(data)),
    ...adminProblems(data),
    ...partitionProblems(data),
    ...menuVariableProblems(data),
    ...(unsupported === 'refuse' ? unsupportedKeys : []),
  ]
    .slice(0, LIMIT)
    .map(findings('error'));
  const warnings = [
    ...unknownKeys(CloudConfig, data),
    ...document.retyped,
    ...loginProblems(data),
    ...templateProblems(data),
    ...stageProblems(data, { upstream: unsupported === 'ignore' }),
    ...(unsupported === 'warn' ? unsupportedKeys : []),
  ]
    .slice(0, LIMIT)
    .map(findings(strict ? 'error' : 'warning'));
  return [...documentFindings(document, { strict }), ...errors, ...warnings].sort((a, b) =>
    compare(position(a.place), position(b.place)),
  );
}

/** What concerns the file as a whole: its header, and further YAML documents (docs/contract.md 4.1). */
function documentFindings(document: ConfigDocument, { strict }: { readonly strict: boolean }): Finding[] {
  const { name, header, data, second } = document;
  const warning = strict ? 'error' : 'warning';
  const found: Finding[] = [];
  if (header === undefined) {
    const isComplete =
      Object.keys(data).length > 0 && Object.keys(data).every((key) => key in onlySteps(data));
    found.push({
      severity: isComplete ? warning : 'error',
      place: `${name}:1:1`,
      message: `none of the first ten lines is ${HEADERS.join(' or ')}: of this file, a node runs only the stages`,
    });
  }
  if (second !== undefined) {
    const message = 'a second YAML document starts here; a node reads only the first';
    found.push({ severity: 'error', place: second, message });
  }
  return found;
}

/** Like {@link validateCloudConfig}, for text that may not parse as a cloud-config; that is reported as one finding. */
export function examineCloudConfig(name: string, text: string, options: ValidationOptions = {}): Finding[] {
  let document: ConfigDocument;
  try {
    document = parseConfig(name, text);
  } catch (error) {
    if (!(error instanceof FactoryError)) throw error;
    const [, place = name, message = error.message] = /^(.*?:\d+:\d+): (.*)$/s.exec(error.message) ?? [];
    return [{ severity: 'error', place, message }];
  }
  return validateCloudConfig(document, options);
}

/** Renders a finding as one line. */
export function renderFinding({ severity, place, message }: Finding): string {
  return `${place}: ${severity}: ${message}`;
}

function position(place: string): [number, number] {
  const [, line = '0', column = '0'] = /:(\d+):(\d+)$/.exec(place) ?? [];
  return [Number(line), Number(column)];
}

function compare(a: [number, number], b: [number, number]): number {
  return a[0] - b[0] || a[1] - b[1];
}
