/** Fields of a paragraph by lower-case name; the lines of a field are joined by newlines, without their indent. */
export type Paragraph = ReadonlyMap<string, string>;

/**
 * Parses Debian control files (Debian Policy, 5.1): paragraphs of `Field: value`, continued by indented lines. Skips comments
 * and all other lines. If a field is repeated, the first counts.
 */
export function parseControl(text: string): Paragraph[] {
  const paragraphs: Paragraph[] = [];
  let fields = new Map<string, string>();
  let current: string | undefined;
  const close = () => {
    if (fields.size > 0) paragraphs.push(fields);
    fields = new Map();
    current = undefined;
  };
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') close();
    else if (/^[ \t]/.test(line)) {
      if (current !== undefined) fields.set(current, `${fields.get(current)}\n${line.trim()}`);
    } else if (!line.startsWith('#')) {
      const colon = line.indexOf(':');
      const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
      current = name === '' || fields.has(name) ? undefined : name;
      if (current !== undefined) fields.set(current, line.slice(colon + 1).trim());
    }
  }
  close();
  return paragraphs;
}
