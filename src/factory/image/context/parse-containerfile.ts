/** One instruction of a Containerfile. */
export interface Instruction {
  /** In capitals, such as `FROM`. */
  readonly name: string;
  /** What follows the name, continued lines joined. */
  readonly rest: string;
  /** First and last line, counted from 0. */
  readonly first: number;
  readonly last: number;
}

/** A Containerfile, split as far as it must be to put it together with another. */
export interface Containerfile {
  readonly lines: readonly string[];
  /** How many lines of parser directives (`# syntax=`, `# escape=`) stand at its head: they count nowhere else. */
  readonly directives: number;
  readonly instructions: readonly Instruction[];
}

const DIRECTIVE = /^#\s*(syntax|escape|check)\s*=\s*(.+)$/i;
/** `<<EOF`, `<<-EOF`, `<<"EOF"` of an instruction that may have one (Dockerfile reference, "Here-Documents"). */
const HEREDOC = /<<(-?)(["']?)([A-Za-z_]\w*)\2/g;

/** Splits a Containerfile into its instructions: comments, continued lines and here-documents are understood. */
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
    if (isSilent(lines[at])) continue;
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

/** An instruction without the ends of its continued lines, and where its last line is. */
function joinContinued(lines: readonly string[], first: number, continuation: string) {
  let whole = '';
  let last = first;
  for (; last < lines.length; last += 1) {
    const line = lines[last] ?? '';
    // Within an instruction too, comments and blank lines count for nothing.
    if (last > first && isSilent(line)) continue;
    const trimmed = line.trimEnd();
    whole += trimmed.endsWith(continuation) ? trimmed.slice(0, -1) : line;
    if (!trimmed.endsWith(continuation)) break;
  }
  return { whole, last };
}

function isSilent(line: string | undefined): boolean {
  return /^\s*(#|$)/.test(line ?? '');
}

/** The last line of the here-documents that an instruction opens. */
function afterHeredocs(lines: readonly string[], rest: string, at: number): number {
  let last = at;
  for (const [, dash, , word] of rest.matchAll(HEREDOC)) {
    const ends = (line: string) => (dash ? line.replace(/^\t+/, '') : line) === word;
    const end = lines.findIndex((line, index) => index > last && ends(line));
    // Without an end there is none: the shell's own << within a RUN of one line.
    if (end !== -1) last = end;
  }
  return last;
}
