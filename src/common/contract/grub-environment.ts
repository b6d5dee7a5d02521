/** The fixed size of an environment block, in bytes (docs/contract.md 1.4). */
const BLOCK_SIZE = 1024;
const HEADER = '# GRUB Environment Block\n';

/**
 * Encodes variables as a GRUB environment block, the format of `save_env` and `grub-editenv`.
 * @throws RangeError when the variables do not fit, or a value contains a line break
 */
export function grubEnvironment(variables: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(variables).map(([key, value]) => `${key}=${value.replaceAll('\\', '\\\\')}`);
  if (lines.some((line) => line.includes('\n')))
    throw new RangeError('a GRUB variable cannot contain a line break');
  const text = HEADER + lines.map((line) => `${line}\n`).join('');
  const length = Buffer.byteLength(text);
  if (length > BLOCK_SIZE)
    throw new RangeError(`the GRUB variables need ${length} bytes, but the block has ${BLOCK_SIZE}`);
  return Buffer.concat([Buffer.from(text), Buffer.alloc(BLOCK_SIZE - length, '#')]);
}

/**
 * Decodes the variables of an environment block. A backslash escapes the next character (GRUB, `lib/envblk.c`).
 * @throws RangeError when it is not an environment block
 */
export function parseGrubEnvironment(block: Uint8Array): Map<string, string> {
  const text = Buffer.from(block).toString('utf8');
  if (block.length !== BLOCK_SIZE || !text.startsWith(HEADER)) {
    throw new RangeError(`not a GRUB environment block: ${block.length} bytes`);
  }
  const variables = new Map<string, string>();
  for (const line of text.slice(HEADER.length).split('\n')) {
    const at = line.indexOf('=');
    if (line.startsWith('#') || at < 1) continue;
    variables.set(line.slice(0, at), line.slice(at + 1).replaceAll(/\\(.)/g, '$1'));
  }
  return variables;
}
