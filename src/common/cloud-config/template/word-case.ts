/** What a part of a text is: github.com/huandu/xstrings, `nextWord`. */
type Kind = 'end' | 'number' | 'upper' | 'letters' | 'connector' | 'punctuation' | 'other';

interface Word {
  readonly kind: Kind;
  readonly text: string;
}

/** A word of several capitals ends before the one that begins the next word: HTTPServer is HTTP and Server. */
const WORDS: readonly (readonly [Kind, RegExp])[] = [
  ['connector', /^[-_\s]+/u],
  ['punctuation', /^(?:(?![-_])\p{P})+/u],
  [
    'upper',
    /^(?:\p{Lu}{2,}(?=\p{Lu}(?!\p{Lu})\p{L})|\p{Lu}{2,}(?!\p{L})|\p{Lu}(?!\p{Lu})(?:(?!\p{Lu})\p{L})*|\p{Lu}(?=\p{Lu}))/u,
  ],
  ['letters', /^(?:(?!\p{Lu})\p{L})+/u],
  ['number', /^\p{N}+/u],
  ['other', /^[^-_\s\p{P}\p{L}\p{N}]+/u],
];

function wordsOf(value: string): Word[] {
  const words: Word[] = [];
  let rest = value;
  while (rest !== '') {
    const found = WORDS.flatMap(([kind, pattern]) => {
      const text = pattern.exec(rest)?.[0];
      return text === undefined ? [] : [{ kind, text }];
    });
    const word = found[0] ?? { kind: 'other' as const, text: rest.charAt(0) };
    words.push(word);
    rest = rest.slice(word.text.length);
  }
  return words;
}

/** The words of a text in lower case, with a connector between them: github.com/huandu/xstrings, `ToSnakeCase`. */
export function separatedCase(value: string, connector: string): string {
  const words = wordsOf(value);
  const end: Word = { kind: 'end', text: '' };
  let out = '';
  let at = 0;
  const peek = () => words[at] ?? end;
  const write = ({ kind, text }: Word) => {
    if (kind === 'connector') out += connector.repeat([...text].length);
    else out += kind === 'upper' ? text.toLowerCase() : text;
  };
  const connect = (always = false) => {
    const { kind } = peek();
    if (kind !== 'connector' && kind !== 'punctuation' && (always || kind !== 'end')) out += connector;
  };
  const writeRun = () => {
    for (let next = peek(); next.kind === 'letters' || next.kind === 'number'; next = peek()) {
      write(next);
      at += 1;
    }
  };
  while (at < words.length) {
    const word = peek();
    at += 1;
    write(word);
    if (at >= words.length) break;
    const next = peek();
    if (word.kind === 'number') {
      writeRun();
      connect();
    } else if (word.kind !== 'connector' && word.kind !== 'punctuation') {
      if (next.kind !== 'number') {
        connect();
        continue;
      }
      if (at === words.length - 1) continue;
      at += 1;
      if (peek().kind === 'letters') {
        // Small letters after a number belong to it: http2xx is http_2xx.
        out += connector;
        write(next);
        writeRun();
        connect();
      } else {
        write(next);
        connect();
      }
    }
  }
  return out;
}

function isConnector(character: string): boolean {
  return /^[-_\s]$/u.test(character);
}

/** The words of a text with a capital each: github.com/huandu/xstrings, `ToPascalCase`. */
export function pascalCase(value: string): string {
  const characters = [...value];
  const start = characters.findIndex((character) => !isConnector(character));
  // The original repeats the last of nothing but connectors.
  if (start < 0) return value + (characters.at(-1) ?? '');
  let out = characters.slice(0, start).join('');
  let current = characters[start] ?? '';
  let isInCapitals = /\p{Lu}/u.test(current);
  current = current.toUpperCase();
  for (const character of characters.slice(start + 1)) {
    const before = current;
    current = character;
    if (isConnector(current) && isConnector(before)) {
      out += before;
    } else if (isConnector(before)) {
      isInCapitals = /\p{Lu}/u.test(current);
      current = current.toUpperCase();
    } else {
      if (isInCapitals && /\p{Lu}/u.test(current)) current = current.toLowerCase();
      else isInCapitals = false;
      out += before;
    }
  }
  return out + current;
}
