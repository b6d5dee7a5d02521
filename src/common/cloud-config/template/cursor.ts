import type { FactoryError } from '../../errors/factory-error.ts';
import type { Token, TokenKind } from './lexer.ts';
import { templateError } from './position.ts';

/** Walks over the tokens of a template. */
export interface Cursor {
  /** The token that comes next. */
  peek(): Token;
  next(): Token;
  /** The next one that is not a space. */
  peekWord(): Token;
  skipSpace(): void;
  /** Takes a token of that kind, spaces before it aside. @throws FactoryError `usage` when it is another */
  expect(kind: TokenKind, context: string): Token;
  error(at: number, message: string, remedy?: string): FactoryError;
}

/** Starts at the first token. */
export function cursorOf(source: string, tokens: readonly Token[]): Cursor {
  const last: Token = { kind: 'end', text: '', offset: source.length };
  let index = 0;
  const peek = () => tokens[index] ?? last;
  const error = (at: number, message: string, remedy?: string) => templateError(source, at, message, remedy);
  const next = () => {
    const token = peek();
    index++;
    return token;
  };
  const skipSpace = () => {
    while (peek().kind === 'space') index++;
  };
  return {
    peek,
    next,
    skipSpace,
    error,
    peekWord: () => {
      skipSpace();
      return peek();
    },
    expect: (kind, context) => {
      skipSpace();
      const token = next();
      if (token.kind !== kind) throw error(token.offset, `unexpected ${describe(token)} in ${context}`);
      return token;
    },
  };
}

/** A token in a message. */
export function describe({ kind, text }: Token): string {
  if (kind === 'end') return 'end of the template';
  if (kind === 'field') return `".${text}"`;
  return kind === 'string' ? JSON.stringify(text) : `"${text}"`;
}
