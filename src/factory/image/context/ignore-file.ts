/** Whether a path of a context, without a leading slash, is ignored. */
export type Ignores = (path: string) => boolean;

/**
 * Parses the text of a `.dockerignore` or `.containerignore` file. The last line that matches a path, or a directory
 * above it, decides; a line that starts with `!` includes the path again. Blank lines and lines that start with `#` are
 * skipped. Patterns are Docker's (docs.docker.com, "dockerignore file"): `*` and `?` match within one path component,
 * `**` matches any number of directories, and `[…]` is a character class.
 */
export function parseIgnoreFile(text: string): Ignores {
  const rules = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const includes = line.startsWith('!');
      const pattern = clean(includes ? line.slice(1).trim() : line);
      return { includes, pattern: new RegExp(`^(?:${translate(pattern)})(?:/|$)`, 'su') };
    });
  return (path) => rules.findLast(({ pattern }) => pattern.test(path))?.includes === false;
}

/** Cleans a pattern as Go's `path.Clean` cleans an absolute path: no leading, repeated or trailing slashes, no `.` or `..`. */
function clean(pattern: string): string {
  const parts: string[] = [];
  for (const part of pattern.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** Translates a cleaned pattern to the source of an equivalent regular expression. */
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
