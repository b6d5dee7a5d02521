/** One instruction of a Containerfile. */
export interface Instruction {
  /** In capitals, such as `FROM`. */
  readonly name: string;
  /** Everything after the name, with continued lines joined. */
  readonly rest: string;
  /** First and last line, zero-based. */
  readonly first: number;
  readonly last: number;
}

/** A Containerfile, parsed as far as merging it with another one requires. */
export interface Containerfile {
  readonly lines: readonly string[];
  /** Number of parser directives (`# syntax=`, `# escape=`) at the top; elsewhere they are plain comments. */
  readonly directives: number;
  readonly instructions: readonly Instruction[];
}

const DIRECTIVE = /^#\s*(syntax|escape|check)\s*=\s*(.+)$/i;
/** `<<EOF`, `<<-EOF` or `<<"EOF"` (Dockerfile reference, "Here-Documents"). */
const HEREDOC = /<<(-?)(["']?)([A-Za-z_]\w*)\2/g;

/** Splits a Containerfile into its instructions. Handles comments, continued lines and here-documents. */
export function parseContainerfile(text: string): Containerfile {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  let directives = 0;
  let continuation = '\\';
  for (let match = DIRECTIVE.exec(lines[directives] ?? ''); match; ) {
    if (match[1]?.toLowerCase() === 'escape') continuation = match[2]?.trim() ?? continuation;
    directives += 1;
    match = DIRECTIVE.exec(lines[directives] ?? '');
  }
  const instructions: Instruction[] = [];
  for (let at = directives; at < lines.length; at += 1) {
    if (isBlankOrComment(lines[at])) continue;
    const first = at;
    const { whole, last } = joinContinued(lines, first, continuation);
    at = last;
    const [, name = '', rest = ''] = /^\s*(\S+)\s*(.*)$/s.exec(whole) ?? [];
    const upper = name.toUpperCase();
    if (['RUN', 'COPY', 'ADD'].includes(upper)) at = afterHeredocs(lines, rest, at);
    instructions.push({ name: upper, rest: rest.trim(), first, last: Math.min(at, lines.length - 1) });
  }
  return { lines, directives, instructions };
}

/** Joins an instruction with its continuation lines. @returns its text, and the index of its last line */
function joinContinued(lines: readonly string[], first: number, continuation: string) {
  let whole = '';
  let last = first;
  for (; last < lines.length; last += 1) {
    const line = lines[last] ?? '';
    // Comments and blank lines are skipped within an instruction too.
    if (last > first && isBlankOrComment(line)) continue;
    const trimmed = line.trimEnd();
    whole += trimmed.endsWith(continuation) ? trimmed.slice(0, -1) : line;
    if (!trimmed.endsWith(continuation)) break;
  }
  return { whole, last };
}

function isBlankOrComment(line: string | undefined): boolean {
  return /^\s*(#|$)/.test(line ?? '');
}

/** The index of the last line of the here-documents that an instruction opens; `at` when it opens none. */
function afterHeredocs(lines: readonly string[], rest: string, at: number): number {
  let last = at;
  for (const [, dash, , word] of rest.matchAll(HEREDOC)) {
    const ends = (line: string) => (dash ? line.replace(/^\t+/, '') : line) === word;
    const end = lines.findIndex((line, index) => index > last && ends(line));
    // Without a terminator it is not a here-document but the shell's << operator in a one-line RUN.
    if (end !== -1) last = end;
  }
  return last;
}
