import exceptions from 'spdx-exceptions/index.json' with { type: 'json' };
import { licenceIdentifier } from './licence-names.ts';

/** The licences that a package declares, as an SPDX expression (SPDX 2.3, annex D). */
export interface LicenceExpression {
  /** A valid SPDX expression; `undefined` when the package declares no licence. */
  readonly expression: string | undefined;
  /** Names that are not in the SPDX list, by their `LicenseRef-…` in the expression. */
  readonly references: ReadonlyMap<string, string>;
}

type Operator = 'AND' | 'OR';
/** A leaf is a licence name as the package writes it. */
type Tree = string | { readonly operator: Operator; readonly parts: readonly Tree[] };
interface Rank {
  readonly operator: Operator;
  readonly comma: boolean;
}

/** Lowest precedence first: `and` binds tighter than `or`, and a preceding comma lowers both (copyright-format/1.0). */
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
 * Combines statements such as `GPL-2+ or Expat` (Debian), `GPLv2+ and (BSD or ASL 2.0)` (older Fedora) and SPDX
 * expressions into one SPDX expression. They are joined with `AND`, because each covers a part of the package. A name
 * that is not known for certain becomes a `LicenseRef-`; nothing is guessed.
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

/** Reduces a name to letters, digits, dots and hyphens. `+` is spelled out, because it denotes a different licence. */
function idstring(name: string): string {
  const plain = name.replaceAll('+', '-plus ').replaceAll(/[^A-Za-z0-9.]+/g, '-');
  return plain.replaceAll(/^-+|-+$/g, '') || 'unnamed';
}

/** Recognises the SPDX form `X WITH Y`. Debian's `with Autoconf exception` refers to a text that only the package has. */
function withException(name: string): string | undefined {
  const [licence = '', exception = '', ...rest] = name.split(/ with /i);
  const id = licenceIdentifier(licence);
  return id !== undefined && EXCEPTIONS.has(exception) && rest.length === 0
    ? `${id} WITH ${exception}`
    : undefined;
}

/** Parses a statement. One that is not an expression is treated as a single name. */
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

/** Renders an expression with sorted operands, so that the text does not depend on their original order. */
function render(tree: Tree, leaf: (name: string) => string, outer: Operator | undefined): string {
  if (typeof tree === 'string') return leaf(tree);
  const parts = [...new Set(tree.parts.map((part) => render(part, leaf, tree.operator)))].sort();
  const text = parts.join(` ${tree.operator} `);
  return outer === undefined || parts.length === 1 ? text : `(${text})`;
}
