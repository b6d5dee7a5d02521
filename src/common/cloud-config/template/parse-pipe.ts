import { didYouMean } from '../../text/suggest.ts';
import { type Cursor, describe } from './cursor.ts';
import type { Token, TokenKind } from './lexer.ts';
import type { Command, Operand, Pipe } from './nodes.ts';

/** Maximum nesting of parentheses; deeper ones would exhaust the stack. */
const MAX_DEPTH = 100;

/** The names that a pipeline may use. */
export interface Scope {
  /** Names of all functions. */
  readonly functions: readonly string[];
  /** Variables declared so far, innermost last; a pipeline adds its own. */
  readonly variables: string[];
}

/**
 * Parses a pipeline including its closing `}}` (Go text/template, "Pipelines").
 * @param context the construct that it belongs to, for messages
 * @throws FactoryError `usage` with line and column
 */
export function parsePipe(cursor: Cursor, scope: Scope, context: string): Pipe {
  return parseNested({ cursor, scope, depth: 0 }, context);
}

interface PipeParse {
  readonly cursor: Cursor;
  readonly scope: Scope;
  /** Number of parentheses around the pipeline. */
  readonly depth: number;
}

/** The token that ends a pipeline. */
function endOf({ depth }: PipeParse): TokenKind {
  return depth === 0 ? 'right' : ')';
}

/** Parses a pipeline up to its `}}`, or within parentheses up to its `)`. */
function parseNested(parse: PipeParse, context: string): Pipe {
  const { cursor, scope, depth } = parse;
  const at = cursor.peekWord().offset;
  if (depth > MAX_DEPTH) throw cursor.error(at, `parentheses are nested more than ${MAX_DEPTH} deep`);
  const end = endOf(parse);
  const first = cursor.peekWord();
  const head = first.kind === 'variable' ? parseHead(cursor, scope, context) : NO_HEAD;
  const commands: Command[] = [];
  if (head.operand) commands.push(parseCommand(parse, head.operand));
  for (let closed = isClosed(cursor, end, commands); !closed; closed = isClosed(cursor, end, commands)) {
    commands.push(parseCommand(parse));
  }
  if (commands.length === 0) throw cursor.error(at, `missing value for ${context}`);
  for (const [index, { first: operand, at: place }] of commands.entries()) {
    if (index > 0 && ['literal', 'nil', 'dot'].includes(operand.kind)) {
      throw cursor.error(place, `stage ${index + 1} of the pipeline is not a function`);
    }
  }
  if (!head.assigns) scope.variables.push(...head.variables);
  return { at, variables: head.variables, assigns: head.assigns, commands };
}

/** Consumes the `|` between commands, or the end. */
function isClosed(cursor: Cursor, end: TokenKind, commands: readonly Command[]): boolean {
  const token = cursor.peekWord();
  if (token.kind === end) {
    cursor.next();
    return true;
  }
  if (token.kind !== '|') {
    if (commands.length === 0) return false;
    throw cursor.error(token.offset, `unexpected ${describe(token)} in a pipeline`);
  }
  cursor.next();
  const after = cursor.peekWord();
  if (commands.length === 0 || after.kind === end) {
    throw cursor.error(token.offset, 'missing command next to "|"');
  }
  return false;
}

interface Head {
  readonly variables: readonly string[];
  readonly assigns: boolean;
  /** The variable as first operand, when it is not a declaration. */
  readonly operand?: Operand;
}

const NO_HEAD: Head = { variables: [], assigns: false };

/** `$x :=`, `$x =`, in a range `$i, $x :=`, or just a variable. */
function parseHead(cursor: Cursor, scope: Scope, context: string): Head {
  const first = cursor.next();
  const operandOf = () => withFields(cursor, variable(cursor, scope, first), first.offset);
  if (cursor.peek().kind === 'field') return { ...NO_HEAD, operand: operandOf() };
  const spaced = cursor.peek().kind === 'space';
  const sign = cursor.peekWord();
  if (sign.kind === ':=' || sign.kind === '=') {
    cursor.next();
    return declare(cursor, scope, { tokens: [first], assigns: sign.kind === '=' });
  }
  if (sign.kind === ',' && context === 'range') {
    cursor.next();
    const second = cursor.expect('variable', 'range');
    const then = cursor.peekWord();
    if (then.kind !== ':=' && then.kind !== '=') {
      throw cursor.error(then.offset, `unexpected ${describe(then)} in range: expected := or =`);
    }
    cursor.next();
    return declare(cursor, scope, { tokens: [first, second], assigns: then.kind === '=' });
  }
  if (!spaced && sign.kind === '(') throw cursor.error(sign.offset, 'unexpected "(" after a variable');
  return { ...NO_HEAD, operand: operandOf() };
}

interface Declaration {
  readonly tokens: readonly Token[];
  readonly assigns: boolean;
}

function declare(cursor: Cursor, scope: Scope, { tokens, assigns }: Declaration): Head {
  if (assigns) for (const token of tokens) variable(cursor, scope, token);
  return { variables: tokens.map(({ text }) => text), assigns };
}

function variable(cursor: Cursor, scope: Scope, { text, offset }: Token): Operand {
  if (!scope.variables.includes(text)) throw cursor.error(offset, `undefined variable "${text}"`);
  return { kind: 'variable', name: text, names: [], at: offset };
}

function parseCommand(parse: PipeParse, head?: Operand): Command {
  const { cursor } = parse;
  const end = endOf(parse);
  const operands: Operand[] = head ? [head] : [];
  for (;;) {
    const separated = cursor.peek().kind === 'space';
    const token = cursor.peekWord();
    if (token.kind === end || token.kind === '|') break;
    if (operands.length > 0 && !separated) {
      throw cursor.error(token.offset, `unexpected ${describe(token)}: arguments are separated by spaces`);
    }
    operands.push(parseOperand(parse));
  }
  const [first, ...args] = operands;
  if (!first) throw cursor.error(cursor.peek().offset, 'empty command');
  return { at: first.at, first, args };
}

function parseOperand(parse: PipeParse): Operand {
  const { cursor } = parse;
  const token = cursor.next();
  return withFields(cursor, parseTerm(parse, token), token.offset);
}

function parseTerm(parse: PipeParse, token: Token): Operand {
  const { cursor, scope, depth } = parse;
  const { kind, text, offset: at } = token;
  switch (kind) {
    case 'string':
      return { kind: 'literal', value: text, at };
    case 'number':
    case 'char':
      return { kind: 'literal', value: token.number ?? 0, at };
    case 'dot':
      return { kind: 'dot', at };
    case 'field':
      return { kind: 'field', names: [text], at };
    case 'variable':
      return variable(cursor, scope, token);
    case '(':
      return {
        kind: 'group',
        pipe: parseNested({ ...parse, depth: depth + 1 }, 'parentheses'),
        names: [],
        at,
      };
    case 'word':
      return word(cursor, scope, token);
    default:
      throw cursor.error(at, `unexpected ${describe(token)} in an action`);
  }
}

const CONSTANTS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
]);

function word(cursor: Cursor, { functions }: Scope, { text, offset: at }: Token): Operand {
  const constant = CONSTANTS.get(text);
  if (constant !== undefined) return { kind: 'literal', value: constant, at };
  if (text === 'nil') return { kind: 'nil', at };
  if (functions.includes(text)) return { kind: 'function', name: text, at };
  throw cursor.error(at, `function "${text}" is not supported${didYouMean(text, functions)}`);
}

/** Adds the fields that follow a term without a space. */
function withFields(cursor: Cursor, term: Operand, at: number): Operand {
  const names: string[] = [];
  while (cursor.peek().kind === 'field') names.push(cursor.next().text);
  if (names.length === 0) return term;
  switch (term.kind) {
    case 'field':
    case 'variable':
    case 'group':
      return { ...term, names: [...term.names, ...names] };
    case 'function':
      return { kind: 'chain', of: term, names, at };
    default:
      throw cursor.error(at, 'unexpected "." after a constant, nil or "."');
  }
}
