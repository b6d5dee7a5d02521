/** What a terminal, or the place where the output goes, can show. */
export interface TerminalTraits {
  /** Whether lines can be drawn again: a terminal that is not dumb, outside of a CI. */
  readonly isLive: boolean;
  /** Whether it shows characters beyond ASCII. */
  readonly isUnicode: boolean;
  /** How a log of a CI is folded. */
  readonly folding: 'github' | 'gitlab' | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the output goes. */
interface TerminalFacts {
  readonly env: Environment;
  /** Whether both standard streams lead to a terminal. */
  readonly isTerminal: boolean;
}

/** Finds out what the output can show. */
export function terminalTraits({ env, isTerminal }: TerminalFacts): TerminalTraits {
  const isLive = isTerminal && env['CI'] === undefined && env['TERM'] !== 'dumb';
  return { isLive, isUnicode: isUtf8(env), folding: foldingOf(env) };
}

/** Whether the locale has UTF-8; the first of these variables that is set decides (setlocale(3)). */
function isUtf8(env: Environment): boolean {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  return /utf-?8/i.test(locale);
}

/** Each sets its variable for every job (docs.github.com, "Variables"; docs.gitlab.com, "Predefined CI/CD variables"). */
function foldingOf(env: Environment): TerminalTraits['folding'] {
  if (env['GITHUB_ACTIONS'] === 'true') return 'github';
  return env['GITLAB_CI'] === 'true' ? 'gitlab' : undefined;
}

/** Characters beyond ASCII that our texts use, and what stands for them. */
const PLAIN: Readonly<Record<string, string>> = {
  '…': '...',
  '›': '>',
  '✔': '+',
  '✖': 'x',
  '·': '-',
  '→': '->',
};

/** Replaces the characters that a terminal without Unicode would show as others. */
export function plainText(text: string): string {
  return text.replace(/[^\x20-\x7e\n]/g, (character) => PLAIN[character] ?? '?');
}
