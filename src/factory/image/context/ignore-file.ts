/** Whether a path of a context, without a leading slash, is left out. */
export type Ignores = (path: string) => boolean;

/**
 * Reads the text of a `.dockerignore` or `.containerignore`. The last line that matches a path, or a directory above it,
 * decides; a line that begins with `!` takes back in. Blank lines and those that begin with `#` say nothing. Patterns
 * are those of Docker (docs.docker.com, "dockerignore file"): `*` and `?` stay within a name, `**` crosses directories,
 * `[…]` are sets of characters.
 */
export function parseIgnoreFile(text: string): Ignores {
  const rules = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const takesIn = line.startsWith('!');
      const pattern = clean(takesIn ? line.slice(1).trim() : line);
      return { takesIn, pattern: new RegExp(`^(?:${translate(pattern)})(?:/|$)`, 'su') };
    });
  return (path) => rules.findLast(({ pattern }) => pattern.test(path))?.takesIn === false;
}

/** As Go's path.Clean of an absolute path does it: no leading, doubled or closing slashes, no `.` and `..`. */
function clean(pattern: string): string {
  const parts: string[] = [];
  for (const part of pattern.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** The source of a regular expression that matches what a cleaned pattern matches. */
function translate(pattern: string): string {
  // A pattern that names the context itself matches nothing below it.
  if (pattern === '') return '(?!)';
  const tokens = pattern.matchAll(/\*\*\/|\*\*|\*|\?|\[(\^?)((?:\\.|[^\]\\])+)\]|\\(.)|(.)/gsu);
  return [...tokens]
    .map(([token, negation, set, escaped, plain]) => {
      if (token === '**/') return '(?:.*/)?';
      if (token === '**') return '.*';
      if (token === '*') return '[^/]*';
      if (token === '?') return '[^/]';
      if (set !== undefined) return `[${negation ? '^/' : ''}${set.replaceAll('[', '\\[')}]`;
      return (escaped ?? plain ?? '').replace(/[\\^$.*+?()[\]{}|/-]/u, '\\$&');
    })
    .join('');
}
