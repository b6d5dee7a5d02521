import { isMap } from './merge.ts';
import type { ConfigData } from './parse.ts';
import { nameOf, type Problem } from './problems.ts';
import { templateProblem } from './template/template.ts';

/** Texts that a node expands as templates (docs/contract.md 4.8); `*` stands for each item of a list or a map. */
const AT_TOP: readonly (readonly string[])[] = [
  ['hostname'],
  ['write_files', '*', 'content'],
  ['runcmd', '*'],
];
const IN_STEPS: readonly (readonly string[])[] = [
  ['if'],
  ['hostname'],
  ['commands', '*'],
  ['files', '*', 'content'],
  ['environment', '*'],
];
const TEMPLATES = [...AT_TOP, ...IN_STEPS.map((path) => ['stages', '*', '*', ...path])];

/** Finds texts that cannot be rendered as templates; a node leaves them as they are (docs/contract.md 4.8). */
export function templateProblems(data: ConfigData): Problem[] {
  return TEMPLATES.flatMap((pattern) => textsAt(data, pattern)).flatMap(({ path, text }) => {
    const problem = templateProblem(text);
    if (problem === undefined) return [];
    return [
      { path, message: `${nameOf(path)} cannot be rendered, so a node keeps the text as it is: ${problem}` },
    ];
  });
}

interface TextAt {
  readonly path: readonly PropertyKey[];
  readonly text: string;
}

function textsAt(
  value: unknown,
  [step, ...others]: readonly string[],
  path: readonly PropertyKey[] = [],
): TextAt[] {
  if (step === undefined) return typeof value === 'string' ? [{ path, text: value }] : [];
  // Encoded content is not the text that is expanded.
  if (!Array.isArray(value) && !(isMap(value) && !(step === 'content' && value['encoding']))) return [];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries
    .filter(([key]) => step === '*' || step === key)
    .flatMap(([key, inner]) => textsAt(inner, others, [...path, key]));
}
