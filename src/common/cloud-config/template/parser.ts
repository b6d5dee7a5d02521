import { type Cursor, cursorOf, describe } from './cursor.ts';
import { tokenize } from './lexer.ts';
import type { Node, ParsedTemplate } from './nodes.ts';
import { parsePipe, type Scope } from './parse-pipe.ts';

/** Maximum nesting of blocks; deeper ones would exhaust the stack. */
const MAX_DEPTH = 100;
/** Words that start an action that is not a pipeline. */
const KEYWORDS = [
  'if',
  'with',
  'range',
  'template',
  'block',
  'define',
  'break',
  'continue',
  'else',
  'end',
] as const;
type Keyword = (typeof KEYWORDS)[number];

interface Parse {
  readonly cursor: Cursor;
  readonly scope: Scope;
  readonly definitions: Map<string, readonly Node[]>;
  /** Names of the definitions that are not empty. */
  readonly filled: Set<string>;
  /** Current nesting of blocks. */
  depth: number;
  /** Current nesting of ranges. */
  ranges: number;
}

interface Body {
  readonly nodes: readonly Node[];
  /** The keyword that ended it; `undefined` at the end of the template. `else` is consumed, the rest of its action is not. */
  readonly by: 'end' | 'else' | undefined;
  /** The offset of that keyword. */
  readonly at: number;
}

/**
 * Parses a template.
 * @param functions names of all functions
 * @throws FactoryError `usage` with line and column, for a syntax error or an undefined name
 */
export function parseTemplate(source: string, functions: readonly string[]): ParsedTemplate {
  const cursor = cursorOf(source, tokenize(source));
  const scope: Scope = { functions, variables: ['$'] };
  const parse: Parse = { cursor, scope, definitions: new Map(), filled: new Set(), depth: 0, ranges: 0 };
  const { nodes } = parseBody(parse, undefined);
  return { source, nodes, definitions: parse.definitions };
}

/** @param opened the start of the block; `undefined` for the template itself */
function parseBody(
  parse: Parse,
  opened: { readonly at: number; readonly keyword: Keyword } | undefined,
): Body {
  const { cursor } = parse;
  const nodes: Node[] = [];
  for (;;) {
    const token = cursor.next();
    if (token.kind === 'text') {
      nodes.push({ kind: 'text', at: token.offset, text: token.text });
    } else if (token.kind === 'left') {
      const { keyword, offset } = takeKeyword(cursor);
      if (keyword === 'end' || keyword === 'else') {
        closeBlock(cursor, { keyword, offset, isOpen: opened !== undefined });
        return { nodes, by: keyword, at: offset };
      }
      const node = keyword ? parseKeyword(parse, keyword, offset) : parseAction(parse, offset);
      if (node) nodes.push(node);
    } else if (opened) {
      throw cursor.error(opened.at, `{{${opened.keyword}}} has no {{end}}`);
    } else {
      return { nodes, by: undefined, at: token.offset };
    }
  }
}

function closeBlock(
  cursor: Parse['cursor'],
  {
    keyword,
    offset,
    isOpen,
  }: { readonly keyword: 'end' | 'else'; readonly offset: number; readonly isOpen: boolean },
): void {
  if (!isOpen) throw cursor.error(offset, `unexpected {{${keyword}}}: no block is open`);
  if (keyword === 'end') cursor.expect('right', 'end');
}

/** Consumes the keyword that an action starts with, if there is one. */
function takeKeyword(cursor: Parse['cursor']): {
  readonly keyword: Keyword | undefined;
  readonly offset: number;
} {
  const { text, kind, offset } = cursor.peekWord();
  const keyword = kind === 'word' ? KEYWORDS.find((word) => word === text) : undefined;
  if (keyword) cursor.next();
  return { keyword, offset };
}

function parseAction({ cursor, scope }: Parse, at: number): Node {
  return { kind: 'action', at, pipe: parsePipe(cursor, scope, 'a command') };
}

type Opening = Exclude<Keyword, 'end' | 'else'>;

function parseKeyword(parse: Parse, keyword: Opening, at: number): Node | undefined {
  const { cursor, scope } = parse;
  switch (keyword) {
    case 'if':
    case 'with':
    case 'range':
      return parseBlock(parse, keyword, at);
    case 'template': {
      const name = cursor.expect('string', 'template').text;
      if (cursor.peekWord().kind !== 'right')
        return { kind: 'template', at, name, pipe: parsePipe(cursor, scope, 'template') };
      cursor.next();
      return { kind: 'template', at, name, pipe: undefined };
    }
    case 'block': {
      const name = cursor.expect('string', 'block').text;
      const pipe = parsePipe(cursor, scope, 'block');
      parseDefinition(parse, { keyword, name, at });
      return { kind: 'template', at, name, pipe };
    }
    case 'define': {
      if (parse.depth > 0) throw cursor.error(at, 'unexpected {{define}} inside a block');
      const name = cursor.expect('string', 'define').text;
      cursor.expect('right', 'define');
      parseDefinition(parse, { keyword, name, at });
      return undefined;
    }
    default:
      if (parse.ranges === 0) throw cursor.error(at, `{{${keyword}}} outside of {{range}}`);
      cursor.expect('right', keyword);
      return { kind: keyword, at };
  }
}

interface Definition {
  readonly keyword: 'define' | 'block';
  readonly name: string;
  readonly at: number;
}

/** A definition has its own variables. As in Go, a name may be defined twice only if one definition is empty. */
function parseDefinition(parse: Parse, { keyword, name, at }: Definition): void {
  const inner: Parse = { ...parse, scope: { ...parse.scope, variables: ['$'] }, ranges: 0 };
  const nodes = deeper(inner, at, () => {
    const body = parseBody(inner, { at, keyword });
    if (body.by === 'else') throw parse.cursor.error(body.at, `unexpected {{else}} in {{${keyword}}}`);
    return body.nodes;
  });
  const empty = nodes.every((node) => node.kind === 'text' && node.text.trim() === '');
  if (!empty && parse.filled.has(name)) throw parse.cursor.error(at, `template "${name}" is defined twice`);
  if (!empty) parse.filled.add(name);
  if (!empty || !parse.definitions.has(name)) parse.definitions.set(name, nodes);
}

function parseBlock(parse: Parse, kind: 'if' | 'with' | 'range', at: number): Node {
  const { cursor, scope } = parse;
  const declared = scope.variables.length;
  return deeper(parse, at, () => {
    const pipe = parsePipe(cursor, scope, kind);
    parse.ranges += kind === 'range' ? 1 : 0;
    const body = parseBody(parse, { at, keyword: kind });
    parse.ranges -= kind === 'range' ? 1 : 0;
    const otherwise = body.by === 'else' ? parseElse(parse, kind, at) : [];
    scope.variables.length = declared;
    return { kind, at, pipe, body: body.nodes, otherwise };
  });
}

/** Parses `{{else}}` with its body, or `{{else if}}` and `{{else with}}`, which share the block's `{{end}}`. */
function parseElse(parse: Parse, kind: 'if' | 'with' | 'range', opened: number): readonly Node[] {
  const { cursor } = parse;
  const token = cursor.peekWord();
  if (token.kind === 'word' && token.text === kind && kind !== 'range') {
    cursor.next();
    return [parseBlock(parse, kind, token.offset)];
  }
  if (token.kind !== 'right') throw cursor.error(token.offset, `unexpected ${describe(token)} in else`);
  cursor.next();
  const body = parseBody(parse, { at: opened, keyword: kind });
  if (body.by === 'else') throw cursor.error(body.at, 'expected {{end}}, found {{else}}');
  return body.nodes;
}

function deeper<T>(parse: Parse, at: number, read: () => T): T {
  if (parse.depth >= MAX_DEPTH) throw parse.cursor.error(at, `blocks are nested more than ${MAX_DEPTH} deep`);
  parse.depth++;
  const result = read();
  parse.depth--;
  return result;
}
