import { RE2JS, RE2JSSyntaxException } from 're2js';

/** One match of a pattern. */
export interface GoMatch {
  readonly index: number;
  readonly text: string;
  /** The text of a group by number or name; `undefined` when it did not take part, or does not exist. */
  group(key: string): string | undefined;
}

/** A compiled regular expression. */
export interface GoPattern {
  test(text: string): boolean;
  /** The matches in order, without an empty one that touches the match before it (Go regexp). */
  matches(text: string): Generator<GoMatch>;
}

/**
 * Compiles a regular expression in the syntax of Go (RE2). It matches in linear time, so that no pattern of a configuration
 * keeps a node or the factory busy.
 * @param fail called with what is wrong with it
 */
export function goPattern(source: string, fail: (problem: string) => never): GoPattern {
  const pattern = compiled(source, fail);
  return {
    test: (text) => pattern.matcher(text).find(),
    *matches(text) {
      const matcher = pattern.matcher(text);
      let end = -1;
      while (matcher.find()) {
        const index = matcher.start();
        if (index === matcher.end() && index === end) continue;
        end = matcher.end();
        const groups = Array.from({ length: matcher.groupCount() + 1 }, (_, number) => matcher.group(number));
        const names = pattern.namedGroups();
        yield {
          index,
          text: groups[0] ?? '',
          group: (key) => groups[/^\d+$/.test(key) ? Number(key) : (names[key] ?? -1)] ?? undefined,
        };
      }
    },
  };
}

function compiled(source: string, fail: (problem: string) => never): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (error) {
    if (error instanceof RE2JSSyntaxException)
      return fail(`"${source}" is not a regular expression of Go (${error.message})`);
    throw error;
  }
}
