/**
 * Readers for a merged configuration. Validation has checked the types of its documents, so a value of another type counts
 * as absent here.
 */
export type Tree = Readonly<Record<string, unknown>>;

/** A mapping, or an empty one. */
export function tree(value: unknown): Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Tree) : {};
}

/** A list, or an empty one. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The strings of a list. */
export function strings(value: unknown): string[] {
  return list(value).filter((item) => typeof item === 'string');
}

/** A non-empty string. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The source of an image such as `install.system`; `uri` is the old name of the key. */
export function imageSource(image: unknown): string | undefined {
  const { source, uri } = tree(image);
  return text(source) ?? text(uri);
}

/** A non-negative number. */
export function number(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined;
}

/** Whether the value is `true`. */
export function boolean(value: unknown): boolean {
  return value === true;
}
