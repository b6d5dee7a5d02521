import { FactoryError } from '../../errors/factory-error.ts';
import { evaluateTemplate } from './evaluate.ts';
import type { FunctionContext } from './function.ts';
import { TEMPLATE_FUNCTIONS } from './functions.ts';
import { parseTemplate } from './parser.ts';
import { toValue } from './value.ts';

/** Sources of values that are not in the data. */
export interface TemplateOptions {
  /** For `env` and `expandenv`; the environment of the process by default. */
  readonly env?: FunctionContext['env'];
  /** For `now` and `date`. */
  readonly now?: () => Date;
}

/** Why a text cannot be rendered, whatever the data is: its syntax, or a function that does not exist. */
export function templateProblem(text: string): string | undefined {
  if (!text.includes('{{')) return undefined;
  try {
    parseTemplate(text, NAMES);
    return undefined;
  } catch (error) {
    if (error instanceof FactoryError) return error.message;
    throw error;
  }
}

const FUNCTIONS = new Map(TEMPLATE_FUNCTIONS.map((known) => [known.name, known]));
const NAMES = [...FUNCTIONS.keys()];

/**
 * Expands a Go template (docs/contract.md 4.8; Go text/template and the functions that docs/templates.md lists).
 * @param data the value of `.` and `$`; it is copied, so that `set` and `merge` do not change it
 * @throws FactoryError `usage`, as `template: LINE:COL: …`, for invalid syntax, functions or values
 */
export function expandTemplate(text: string, data: unknown, options: TemplateOptions = {}): string {
  if (!text.includes('{{')) return text;
  const { env = process.env, now = () => new Date() } = options;
  return evaluateTemplate(parseTemplate(text, NAMES), toValue(data), { env, now, functions: FUNCTIONS });
}
