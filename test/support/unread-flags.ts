import { readFileSync } from 'node:fs';

/** A call that declares a flag of commander's. */
const DECLARATION = /(?:\.option|\.requiredOption|new Option)\(\s*'([^']+)'[\s\S]*?\)(?=[\n;.,)])/g;

/**
 * Flags that a source file declares and never reads, under the name that commander gives their value.
 * @param readers files that may read them besides the one that declares them
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

/** `-o, --lock-file <file>` is `lockFile`; `--no-push` is `push`. */
function attributeOf(flags: string): string {
  const name = /.*--(?:no-)?([\w-]+)/.exec(flags)?.[1] ?? flags;
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
