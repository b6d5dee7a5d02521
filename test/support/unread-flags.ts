import { readFileSync } from 'node:fs';

/** A call that declares a commander flag. */
const DECLARATION = /(?:\.option|\.requiredOption|new Option)\(\s*'([^']+)'[\s\S]*?\)(?=[\n;.,)])/g;

/**
 * Lists the flags that a source file declares but never reads, by commander's name for their values.
 * @param readers other files that may read them
 */
export function unreadFlags(file: string, readers: readonly string[] = []): string[] {
  const source = readFileSync(file, 'utf8');
  const code = [file, ...readers]
    .map((path) => readFileSync(path, 'utf8').replaceAll(DECLARATION, ''))
    .join('\n');
  return [...source.matchAll(DECLARATION)]
    .map(([, flags = '']) => attributeOf(flags))
    .filter((name) => !new RegExp(`\\b${name}\\b`).test(code));
}

/** Converts `-o, --lock-file <file>` to `lockFile`, and `--no-push` to `push`. */
function attributeOf(flags: string): string {
  const name = /.*--(?:no-)?([\w-]+)/.exec(flags)?.[1] ?? flags;
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
