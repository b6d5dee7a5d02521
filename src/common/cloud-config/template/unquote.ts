const SIMPLE: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};
const ESCAPE =
  /\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2}))|\\/g;

/**
 * Decodes the escapes of a Go string or character literal, given without its quotes (Go specification, "Rune literals").
 * @returns `undefined` for an escape that Go does not have
 */
export function unquote(body: string, quote: '"' | "'"): string | undefined {
  let valid = true;
  const text = body.replace(ESCAPE, (all, simple?: string, ...numbers: (string | undefined)[]) => {
    if (simple !== undefined) {
      // Only the enclosing quote can be escaped in Go.
      if ((simple === "'" || simple === '"') && simple !== quote) valid = false;
      return SIMPLE[simple] ?? '';
    }
    const [byte, short, long, octal] = numbers;
    const hex = byte ?? short ?? long;
    const code = hex !== undefined ? Number.parseInt(hex, 16) : Number.parseInt(octal ?? '', 8);
    if (Number.isNaN(code) || code > 0x10ffff) {
      valid = false;
      return all;
    }
    return String.fromCodePoint(code);
  });
  return valid ? text : undefined;
}
