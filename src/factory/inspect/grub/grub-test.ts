/**
 * Evaluates the arguments of `[` (GRUB manual, "test").
 * @param sizeOf the size of a file; `undefined` when it does not exist
 */
export async function grubTest(
  words: readonly string[],
  sizeOf: (path: string) => Promise<number | undefined>,
): Promise<boolean> {
  for (const part of split(words, '-o')) {
    const parts = split(part, '-a');
    const values = await Promise.all(parts.map((each) => single(each, sizeOf)));
    if (values.every(Boolean)) return true;
  }
  return false;
}

async function single(
  words: readonly string[],
  sizeOf: (path: string) => Promise<number | undefined>,
): Promise<boolean> {
  const [first = '', second = '', third = ''] = words;
  if (first === '!') return !(await single(words.slice(1), sizeOf));
  if (words.length === 1) return first !== '';
  if (first === '-n') return second !== '';
  if (first === '-z') return second === '';
  if (first === '-e' || first === '-f') return (await sizeOf(second)) !== undefined;
  if (first === '-s') return ((await sizeOf(second)) ?? 0) > 0;
  if (second === '=' || second === '==') return first === third;
  if (second === '!=') return first !== third;
  return false;
}

function split(words: readonly string[], at: string): string[][] {
  const parts: string[][] = [[]];
  for (const word of words) {
    if (word === at) parts.push([]);
    else parts.at(-1)?.push(word);
  }
  return parts;
}
