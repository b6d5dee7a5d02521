/** Quotes a word for a POSIX shell: whatever it contains, the shell sees one argument with these bytes. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A word for a POSIX shell, quoted where necessary. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : quoted(word);
}
