/** A part of a multipart message. */
export interface MimePart {
  /** In lower case, without parameters. */
  readonly type: string;
  readonly content: Uint8Array;
}

/**
 * Splits a MIME multipart message (RFC 2046) into decoded parts, without interpreting them. A message without its header,
 * as some hypervisors deliver it, is recognized by its first boundary. `undefined` when the text is not such a message.
 */
export function mimeParts(text: string): MimePart[] | undefined {
  const lines = text.replaceAll('\r\n', '\n');
  const { headers, body } = splitHeader(lines);
  const boundary = /^multipart\//i.test(headers['content-type'] ?? '')
    ? /boundary="?([^";\n]+)"?/i.exec(headers['content-type'] ?? '')?.[1]?.trim()
    : /^--(\S+)\n(?:[\w-]+:.*\n)*?content-type:/i.exec(lines)?.[1];
  if (boundary === undefined) return undefined;
  const content = headers['content-type'] === undefined ? lines : body;
  return `\n${content}`
    .split(`\n--${boundary}`)
    .slice(1)
    .filter((part) => !part.startsWith('--'))
    .map((part) => toPart(part.replace(/^[^\n]*\n/, '')));
}

interface Message {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Headers up to the first empty line; none when the text does not start with a header. */
function splitHeader(text: string): Message {
  const end = text.indexOf('\n\n');
  const head = end < 0 ? text : text.slice(0, end);
  const unfolded = head.replaceAll(/\n[ \t]+/g, ' ').split('\n');
  if (head.startsWith('\n') || unfolded.some((line) => !/^[\w-]+:/.test(line) && !/^From /.test(line))) {
    return { headers: {}, body: text.replace(/^\n/, '') };
  }
  const headers = unfolded.map((line) => {
    const [name = '', ...rest] = line.split(':');
    return [name.toLowerCase(), rest.join(':').trim()] as const;
  });
  return { headers: Object.fromEntries(headers), body: end < 0 ? '' : text.slice(end + 2) };
}

function toPart(text: string): MimePart {
  const { headers, body } = splitHeader(text);
  const type = (headers['content-type'] ?? 'text/plain').split(';')[0]?.trim().toLowerCase() ?? '';
  // A nested multipart message keeps its header, which is needed to split it.
  if (type.startsWith('multipart/')) return { type, content: Buffer.from(text, 'utf8') };
  const encoding = (headers['content-transfer-encoding'] ?? '').toLowerCase();
  return { type, content: decode(body, encoding) };
}

function decode(body: string, encoding: string): Uint8Array {
  if (encoding === 'base64') return Buffer.from(body, 'base64');
  if (encoding !== 'quoted-printable') return Buffer.from(body, 'utf8');
  const bytes = body
    .replaceAll(/[ \t]*=\n/g, '')
    .replaceAll(/=([0-9A-Fa-f]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  return Buffer.from(bytes, 'latin1');
}
