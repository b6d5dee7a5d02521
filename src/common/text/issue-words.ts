import type { z } from 'zod';
import { didYouMean } from './suggest.ts';

type Issue = z.core.$ZodIssue;

/** The types of a schema in the words of YAML. */
const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'true or false',
  number: 'a number',
  int: 'a whole number',
  array: 'a list',
  object: 'a map',
  record: 'a map',
  null: 'nothing',
};
/** Forms of text that a schema requires, by the library's names. */
const FORMS: Readonly<Record<string, string>> = {
  url: 'a URL',
  email: 'an e-mail address',
  uuid: 'a UUID',
  datetime: 'a date and time',
  date: 'a date',
};
/** Characters of a value that a message quotes at most. */
const EXCERPT = 40;
/** The start of a message of our schemas that continues a sentence about the value. */
const PREDICATE = /^(?:is|are|has|have|does|do|must|can|cannot|would|names|lists|contains|needs) /;

/**
 * Describes a problem with a value in the words of YAML, with the value that was found.
 * @param issue an issue with its input (`reportInput` of the schema library)
 * @param name the value's name, such as `disk.oem`
 */
export function describeIssue(issue: Issue, name: string): string {
  const said = name === '' ? '' : `${name}: `;
  switch (issue.code) {
    case 'invalid_type':
    case 'invalid_union':
      return issue.input === undefined ? `${name} is missing` : `${said}${mismatch(issue)}`;
    case 'invalid_value':
      return issue.input === undefined ? `${name} is missing` : `${said}${noSuchValue(issue)}`;
    case 'too_small':
    case 'too_big':
      return `${said}${wrongSize(issue)}`;
    case 'not_multiple_of':
      return `${said}${excerpt(issue.input)} is not a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return `${said}${excerpt(issue.input)} ${form(issue)}`;
    case 'unrecognized_keys':
      return `${said}unknown key ${issue.keys.map((key) => `"${key}"`).join(', ')}`;
    case 'invalid_key':
    case 'invalid_element':
      return issue.issues[0] === undefined ? `${said}is not valid` : describeIssue(issue.issues[0], name);
    default:
      return `${said}${aboutValue(issue)}`;
  }
}

/** A value as a message shows it: text in quotes and shortened, lists and maps by their kind. */
export function excerpt(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value === null || value === undefined) return 'nothing';
  if (typeof value === 'object') return 'a map';
  if (typeof value !== 'string') return String(value);
  return JSON.stringify(value.length > EXCERPT ? `${value.slice(0, EXCERPT)}…` : value);
}

/**
 * The issues that an issue stands for: those of the branch of a union that the value was meant for, by its type.
 * @returns each with its whole path
 */
export function plainIssues(issue: Issue, prefix: readonly PropertyKey[] = []): Located[] {
  const path = [...prefix, ...issue.path];
  if (issue.code === 'invalid_union') {
    const branch = issue.errors.find((issues) => !issues.some(isMismatch));
    if (branch) return branch.flatMap((inner) => plainIssues(inner, path));
  }
  return [{ path, issue }];
}

/** An issue, and the path of its value from the top. */
export interface Located {
  readonly path: readonly PropertyKey[];
  readonly issue: Issue;
}

/** Whether this branch of a union is for other values. */
function isMismatch(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value');
}

/** The types that an issue says a value must have. */
export function expectedKinds(issue: Issue): string[] {
  if (issue.code === 'invalid_type') return [issue.expected];
  return issue.code === 'invalid_union' ? issue.errors.flat().flatMap(expectedKinds) : [];
}

function mismatch(issue: Issue): string {
  const kinds = expectedKinds(issue);
  const words = [...new Set([...kinds.map((kind) => WORDS[kind] ?? kind), ...choices(issue)])];
  return `expected ${words.join(' or ')}, found ${excerpt(issue.input)}${remedy(kinds, issue.input)}`;
}

/** The fixed values that a branch of a union accepts. */
function choices(issue: Issue): string[] {
  if (issue.code !== 'invalid_union') return [];
  return issue.errors
    .flat()
    .flatMap((inner) => (inner.code === 'invalid_value' ? inner.values.map(String) : []));
}

/** What the person probably meant to write. */
function remedy(kinds: readonly string[], input: unknown): string {
  if (kinds.includes('string') && isPlainScalar(input)) return '; put it in quotes';
  const meant = kinds.includes('string') ? unquoted(input) : undefined;
  if (meant !== undefined) return `; put the text in quotes: ${JSON.stringify(meant)}`;
  if (kinds.includes('array') && typeof input === 'string') return `; write [${listed(input).join(', ')}]`;
  if (kinds.includes('boolean') && typeof input === 'string') {
    const said = TRUTH[input.toLowerCase()];
    return said === undefined ? '' : `; write ${said}`;
  }
  const wantsNumber = kinds.some((kind) => kind === 'number' || kind === 'int');
  return wantsNumber && typeof input === 'string' && isNumeric(input)
    ? `; write ${input} without quotes`
    : '';
}

/** Words that other tools accept, and YAML 1.1 does. */
export const TRUTH: Readonly<Record<string, boolean>> = {
  yes: true,
  on: true,
  y: true,
  true: true,
  no: false,
  off: false,
  n: false,
  false: false,
};

/** The items of a text that stands for a list. */
export function listed(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}

/** The text `name:` or `name: value` that YAML has read as a map with one key. */
export function unquoted(input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return undefined;
  const [only, ...others] = Object.entries(input);
  if (only === undefined || others.length > 0) return undefined;
  const [key, value] = only;
  if (value === null) return `${key}:`;
  return typeof value === 'object' ? undefined : `${key}:${String(value)}`;
}

function isPlainScalar(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'boolean';
}

function isNumeric(text: string): boolean {
  return text.trim() !== '' && Number.isFinite(Number(text));
}

function noSuchValue(issue: Issue & { code: 'invalid_value' }): string {
  if (!issue.message.startsWith('Invalid ')) return aboutValue(issue);
  const known = issue.values.map(String);
  const [only] = known;
  if (known.length === 1) return `expected ${only}, found ${excerpt(issue.input)}`;
  const input = String(issue.input);
  return `${excerpt(issue.input)} is none of ${known.join(', ')}${didYouMean(input, known)}`;
}

function wrongSize(issue: Issue & { code: 'too_small' | 'too_big' }): string {
  const isSmall = issue.code === 'too_small';
  const limit = String(isSmall ? issue.minimum : issue.maximum);
  if (typeof issue.input === 'number') {
    const bound =
      issue.inclusive === false ? (isSmall ? 'more than' : 'less than') : isSmall ? 'at least' : 'at most';
    return `${issue.input} is too ${isSmall ? 'small' : 'large'}; it must be ${bound} ${limit}`;
  }
  const isList = Array.isArray(issue.input);
  if (isSmall && limit === '1') return isList ? 'the list is empty' : 'is empty';
  const unit = isList ? 'entries' : 'characters';
  return `${excerpt(issue.input)} has too ${isSmall ? 'few' : 'many'} ${unit}; it must have at ${isSmall ? 'least' : 'most'} ${limit}`;
}

function form(issue: Issue & { code: 'invalid_format' }): string {
  if (!issue.message.startsWith('Invalid ')) return lowerFirst(issue.message);
  return `is not ${FORMS[issue.format] ?? 'of the required form'}`;
}

/** A message of our own schemas; one that continues a sentence about a value gets the value. */
function aboutValue(issue: Issue): string {
  const message = lowerFirst(issue.message);
  const isScalar = typeof issue.input === 'string' || isPlainScalar(issue.input);
  return isScalar && PREDICATE.test(message) ? `${excerpt(issue.input)} ${message}` : message;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
