import type { FactoryError } from '../../errors/factory-error.ts';
import type { Token, TokenKind } from './lexer.ts';
import { templateError } from './position.ts';

/** Iterates over the tokens of a template. */
export interface Cursor {
  /** The next token, without consuming it. */
  peek(): Token;
  next(): Token;
  /** The next token that is not a space; only the spaces are consumed. */
  peekWord(): Token;
  skipSpace(): void;
  /** Skips spaces and consumes a token of the given kind. @throws FactoryError `usage` for a token of another kind */
  expect(kind: TokenKind, context: string): Token;
  error(at: number, message: string): FactoryError;
}

/** Returns a cursor at the first token. */
export function cursorOf(source: string, tokens: readonly Token[]): Cursor {
  const last: Token = { kind: 'end', text: '', offset: source.length };
  let index = 0;
  const peek = () => tokens[index] ?? last;
  const error = (at: number, message: string) => templateError(source, at, message);
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

/** Describes a token for a message. */
export function describe({ kind, text }: Token): string {
  if (kind === 'end') return 'end of the template';
  if (kind === 'field') return `".${text}"`;
  return kind === 'string' ? JSON.stringify(text) : `"${text}"`;
}
