/**
 * Parses os-release (freedesktop os-release(5)) and files in the same format, such as `/etc/kairos-release`.
 * Lines that are not assignments are skipped, as systemd does.
 */
export function parseOsRelease(text: string): Map<string, string> {
  const entries = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined) entries.set(match[1], unquote(match[2].trim()));
  }
  return entries;
}

function unquote(value: string): string {
  const quote = value.charAt(0);
  if ((quote !== '"' && quote !== "'") || !value.endsWith(quote) || value.length < 2) return value;
  const inner = value.slice(1, -1);
  return quote === '"' ? inner.replace(/\\(["$`\\])/g, '$1') : inner;
}
