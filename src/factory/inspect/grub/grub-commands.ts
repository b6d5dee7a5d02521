import { grubWords, type Piece, type Token } from './grub-words.ts';

/** A word before its variables are replaced. */
export type Word = readonly Piece[];

/** A command of a script. */
export type GrubCommand =
  | { readonly kind: 'simple'; readonly words: readonly Word[] }
  | { readonly kind: 'if'; readonly branches: readonly Branch[]; readonly otherwise: readonly GrubCommand[] }
  /** A loop: its condition and its body. */
  | { readonly kind: 'loop'; readonly branch: Branch }
  | { readonly kind: 'function'; readonly name: string; readonly body: readonly GrubCommand[] }
  | { readonly kind: 'entry'; readonly words: readonly Word[]; readonly body: readonly GrubCommand[] };

interface Branch {
  readonly condition: readonly GrubCommand[];
  readonly body: readonly GrubCommand[];
}

const ENTRIES = new Set(['menuentry', 'submenu', 'hiddenentry']);
const LOOPS = new Set(['while', 'until', 'for']);
const DEPTH = 32;

/** Parses a script of GRUB. What is left open at its end is closed there. */
export function grubCommands(script: string): GrubCommand[] {
  const tokens = grubWords(script);
  let at = 0;
  const plain = (token: Token | undefined) =>
    token !== undefined && token !== 'end' && token.isPlain ? textOf(token.word) : undefined;

  /** Reads commands up to one of the words, which is consumed. */
  const list = (
    ends: readonly string[],
    depth: number,
  ): { commands: GrubCommand[]; end: string | undefined } => {
    const commands: GrubCommand[] = [];
    while (at < tokens.length) {
      const word = plain(tokens[at]);
      if (tokens[at] === 'end') at += 1;
      else if (word !== undefined && (ends.includes(word) || depth > DEPTH)) {
        at += 1;
        return { commands, end: word };
      } else commands.push(command(depth));
    }
    return { commands, end: undefined };
  };

  const command = (depth: number): GrubCommand => {
    const word = plain(tokens[at]) ?? '';
    if (word === 'if') return condition(depth + 1);
    if (LOOPS.has(word)) {
      at += 1;
      const test = list(['do'], depth + 1).commands;
      return { kind: 'loop', branch: { condition: test, body: list(['done'], depth + 1).commands } };
    }
    const words = [];
    for (let token = tokens[at]; token !== undefined && token !== 'end'; token = tokens[at]) {
      at += 1;
      if (plain(token) === '{' && (word === 'function' || ENTRIES.has(word))) {
        const body = list(['}'], depth + 1).commands;
        if (word === 'function') return { kind: 'function', name: textOf(words[1] ?? []), body };
        return { kind: 'entry', words, body };
      }
      words.push(token.word);
    }
    return { kind: 'simple', words };
  };

  const condition = (depth: number): GrubCommand => {
    const branches: Branch[] = [];
    at += 1;
    for (;;) {
      const test = list(['then'], depth).commands;
      const { commands: body, end } = list(['elif', 'else', 'fi'], depth);
      branches.push({ condition: test, body });
      if (end === 'elif') continue;
      const otherwise = end === 'else' ? list(['fi'], depth).commands : [];
      return { kind: 'if', branches, otherwise };
    }
  };

  return list([], 0).commands;
}

function textOf(word: Word): string {
  return word.map((piece) => ('text' in piece ? piece.text : '')).join('');
}
