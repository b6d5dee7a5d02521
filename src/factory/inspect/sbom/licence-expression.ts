import exceptions from 'spdx-exceptions/index.json' with { type: 'json' };
import { licenceIdentifier } from './licence-names.ts';

/** What a package says of its licences, as SPDX has it (SPDX 2.3, annex D). */
export interface LicenceExpression {
  /** Valid SPDX; `undefined` where the package says nothing. */
  readonly expression: string | undefined;
  /** The names that are not of the SPDX list, by the `LicenseRef-…` that stands for them in the expression. */
  readonly references: ReadonlyMap<string, string>;
}

type Operator = 'AND' | 'OR';
/** A leaf is a name as the package has it. */
type Tree = string | { readonly operator: Operator; readonly parts: readonly Tree[] };
interface Rank {
  readonly operator: Operator;
  readonly comma: boolean;
}

/** What binds least comes first: `and` binds closer than `or`, and both closer than after a comma (copyright-format/1.0). */
const RANKS: readonly Rank[] = [
  { operator: 'OR', comma: true },
  { operator: 'AND', comma: true },
  { operator: 'OR', comma: false },
  { operator: 'AND', comma: false },
];
const WORDS: ReadonlyMap<string, Rank | undefined> = new Map(
  Object.entries({
    and: RANKS[3],
    '&': RANKS[3],
    ',': RANKS[3],
    or: RANKS[2],
    '|': RANKS[2],
    'and/or': RANKS[2],
    ',and': RANKS[1],
    ',or': RANKS[0],
    ',and/or': RANKS[0],
  }),
);
const EXCEPTIONS: ReadonlySet<string> = new Set(exceptions);

/**
 * Turns statements such as `GPL-2+ or Expat` (Debian), `GPLv2+ and (BSD or ASL 2.0)` (Fedora of old) and SPDX expressions into
 * one SPDX expression: all of them together, for each holds for a part of the package. A name that is not known for sure
 * becomes a reference under that name; nothing is guessed.
 */
export function licenceExpression(statements: readonly string[]): LicenceExpression {
  const references = new Map<string, string>();
  const leaf = (name: string) => {
    const known = licenceIdentifier(name) ?? withException(name);
    if (known !== undefined) return known;
    const id = `LicenseRef-${idstring(name)}`;
    references.set(id, name);
    return id;
  };
  const expression =
    statements.length === 0 ? undefined : render(join('AND', statements.map(parse)), leaf, undefined);
  return { expression, references };
}

/** Letters, digits, dots and hyphens; `+` makes another licence of the same words. */
function idstring(name: string): string {
  const plain = name.replaceAll('+', '-plus ').replaceAll(/[^A-Za-z0-9.]+/g, '-');
  return plain.replaceAll(/^-+|-+$/g, '') || 'unnamed';
}

/** `X WITH Y` of SPDX itself. Debian's `with Autoconf exception` names a text that only the package has. */
function withException(name: string): string | undefined {
  const [licence = '', exception = '', ...rest] = name.split(/ with /i);
  const id = licenceIdentifier(licence);
  return id !== undefined && EXCEPTIONS.has(exception) && rest.length === 0
    ? `${id} WITH ${exception}`
    : undefined;
}

/** A statement that is no expression is a name as a whole. */
function parse(statement: string): Tree {
  const tokens = statement
    .replaceAll(/([()])/g, ' $1 ')
    .replaceAll(/,\s*(?=(?:and\/or|and|or)\s)/gi, ' ,')
    .replaceAll(/,(?=\s)/g, ' ,')
    .split(/\s+/)
    .filter((token) => token !== '');
  let at = 0;
  const rankAt = () => WORDS.get((tokens[at] ?? '').toLowerCase());
  const level = (depth: number): Tree => {
    const rank = RANKS[depth];
    if (rank === undefined) return primary();
    const parts = [level(depth + 1)];
    while (rankAt() === rank) {
      at += 1;
      parts.push(level(depth + 1));
    }
    return join(rank.operator, parts);
  };
  const primary = (): Tree => {
    if (tokens[at] === '(') {
      at += 1;
      const inner = level(0);
      if (tokens[at] !== ')') throw new SyntaxError('no closing parenthesis');
      at += 1;
      return inner;
    }
    const words: string[] = [];
    for (
      let token = tokens[at];
      token !== undefined && !/^[()]$/.test(token) && !rankAt();
      token = tokens[at]
    ) {
      words.push(token);
      at += 1;
    }
    if (words.length === 0) throw new SyntaxError('a name is missing');
    return words.join(' ');
  };
  try {
    const tree = level(0);
    return at < tokens.length ? statement : tree;
  } catch (error) {
    if (error instanceof SyntaxError) return statement;
    throw error;
  }
}

function join(operator: Operator, parts: readonly Tree[]): Tree {
  const flat = parts.flatMap((part) =>
    typeof part !== 'string' && part.operator === operator ? part.parts : [part],
  );
  const [only] = flat;
  return flat.length === 1 && only !== undefined ? only : { operator, parts: flat };
}

/** The same names in the same structure give the same text, whatever their order was. */
function render(tree: Tree, leaf: (name: string) => string, outer: Operator | undefined): string {
  if (typeof tree === 'string') return leaf(tree);
  const parts = [...new Set(tree.parts.map((part) => render(part, leaf, tree.operator)))].sort();
  const text = parts.join(` ${tree.operator} `);
  return outer === undefined || parts.length === 1 ? text : `(${text})`;
}
