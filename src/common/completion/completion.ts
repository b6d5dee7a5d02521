/** What is completed after an option, or for an argument. */
export type Completed =
  | { readonly kind: 'file' }
  | { readonly kind: 'directory' }
  | { readonly kind: 'text' }
  | { readonly kind: 'words'; readonly words: readonly string[]; readonly isList: boolean };

/** An option as the scripts of shells need it. */
export interface CompletedOption {
  readonly names: readonly string[];
  readonly description: string;
  /** Absent for a switch. */
  readonly value?: Completed;
  readonly isOptional: boolean;
}

/** A command as the scripts of shells need it. */
export interface CompletedCommand {
  /** The words that call it; empty for the program. */
  readonly path: string;
  readonly options: readonly CompletedOption[];
  readonly arguments: readonly {
    readonly name: string;
    readonly value: Completed;
    readonly isRepeated: boolean;
  }[];
  readonly commands: readonly { readonly name: string; readonly summary: string }[];
}

/** What the script of a shell is written from. */
export interface Completion {
  /** The name of the program. */
  readonly program: string;
  /** All commands, the program itself first. */
  readonly commands: readonly CompletedCommand[];
}

/** Quotes text for POSIX shells, zsh and fish alike: none of them reads anything in it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}

/** The first line of each script. */
export function scriptHeader(program: string, shell: string): string {
  return `# Completion of ${program} for ${shell}, written by "${program} completion ${shell}".`;
}

/** The begin of the names of a script's functions, in shells that allow no dashes in them. */
export function functionPrefix(program: string): string {
  return `_${program.replaceAll('-', '_')}`;
}
