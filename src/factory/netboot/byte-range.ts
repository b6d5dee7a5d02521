/** Bytes of a file: the first and the last one, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads a header `Range` (RFC 9110, 14.2).
 * @returns `undefined` for the whole file, also when the header asks for several ranges or is malformed; `unsatisfiable` for a
 * range outside the file
 */
export function byteRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (from === '' && to === '') return undefined;
  const last = size - 1;
  const start = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === '' || to === '' ? last : Math.min(last, Number(to));
  if (from !== '' && to !== '' && Number(to) < start) return undefined;
  return start > last || end < start ? 'unsatisfiable' : { start, end };
}
