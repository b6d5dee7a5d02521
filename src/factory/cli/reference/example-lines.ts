/** The name of the program in examples. */
export const PROGRAM = 'kairos-factory';

/**
 * A command line in lines that a shell takes as one. No word is cut, so a line may be longer when one of its words is.
 * @param line the words after the name of the program
 * @param width the columns that there are
 */
export function exampleLines(line: string, width: number): string[] {
  const lines: string[] = [];
  let current = PROGRAM;
  // An option stays beside its value.
  for (const word of line.split(/ (?=-)|(?<!-\S+) /)) {
    if (current.length + word.length + ' '.length + ' \\'.length <= width) current += ` ${word}`;
    else {
      lines.push(`${current} \\`);
      current = `  ${word}`;
    }
  }
  return [...lines, current];
}
