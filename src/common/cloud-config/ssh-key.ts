/** The type and the data of a public key, after any options (sshd(8), "AUTHORIZED_KEYS FILE FORMAT"). */
const KEY = /(?:^|\s)((?:ssh|ecdsa|sk)-[a-z0-9@.-]+)\s+(\S*)/;
/** Bytes of the length before each field of a key (RFC 4251, section 5). */
const LENGTH = 4;

/**
 * Finds out whether a public key is damaged, as by copying a part of its line.
 * @returns what is wrong; `undefined` for a whole key, and for text that is not a literal key
 */
export function keyProblem(text: string): string | undefined {
  const [, type, data = ''] = KEY.exec(text) ?? [];
  if (type === undefined || text.includes('{{')) return undefined;
  const bytes = Buffer.from(data, 'base64');
  const fields = fieldsOf(bytes);
  if (fields === undefined || fields.length < 2)
    return 'the SSH key is cut short; copy the whole line of the .pub file';
  return fields[0]?.toString() === type ? undefined : `the data of the SSH key is not of the type ${type}`;
}

/** The fields of a key; `undefined` when it ends within one. */
function fieldsOf(bytes: Buffer): Buffer[] | undefined {
  const fields: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + LENGTH > bytes.length) return undefined;
    const end = at + LENGTH + bytes.readUInt32BE(at);
    if (end > bytes.length) return undefined;
    fields.push(bytes.subarray(at + LENGTH, end));
    at = end;
  }
  return fields;
}
