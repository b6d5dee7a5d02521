/** Size in bytes that GRUB insists on (docs/contract.md 1.4). */
const BLOCK_SIZE = 1024;
const HEADER = '# GRUB Environment Block\n';

/**
 * A GRUB environment block: what `save_env` and `grub-editenv` read and write.
 * @throws RangeError when the variables do not fit, or a value holds a line break
 */
export function grubEnvironment(variables: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(variables).map(([key, value]) => `${key}=${value.replaceAll('\\', '\\\\')}`);
  if (lines.some((line) => line.includes('\n')))
    throw new RangeError('a GRUB variable cannot hold a line break');
  const text = HEADER + lines.map((line) => `${line}\n`).join('');
  const length = Buffer.byteLength(text);
  if (length > BLOCK_SIZE) throw new RangeError(`GRUB variables take ${length} bytes of ${BLOCK_SIZE}`);
  return Buffer.concat([Buffer.from(text), Buffer.alloc(BLOCK_SIZE - length, '#')]);
}

/**
 * The variables of an environment block. A backslash stands for the character after it (GRUB, `lib/envblk.c`).
 * @throws RangeError when it is no environment block
 */
export function parseGrubEnvironment(block: Uint8Array): Map<string, string> {
  const text = Buffer.from(block).toString('utf8');
  if (block.length !== BLOCK_SIZE || !text.startsWith(HEADER)) {
    throw new RangeError(`no GRUB environment block: ${block.length} bytes`);
  }
  const variables = new Map<string, string>();
  for (const line of text.slice(HEADER.length).split('\n')) {
    const at = line.indexOf('=');
    if (line.startsWith('#') || at < 1) continue;
    variables.set(line.slice(0, at), line.slice(at + 1).replaceAll(/\\(.)/g, '$1'));
  }
  return variables;
}
