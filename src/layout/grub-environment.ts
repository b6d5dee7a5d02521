/** Size in bytes that GRUB insists on (contract 1.4). */
const BLOCK_SIZE = 1024;
const HEADER = '# GRUB Environment Block\n';

/**
 * A GRUB environment block: what `save_env` and `grub-editenv` read and write.
 * @throws RangeError when the variables do not fit, or a value holds a line break
 */
export function grubEnvironment(variables: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(variables).map(([key, value]) => `${key}=${value}`);
  if (lines.some((line) => line.includes('\n')))
    throw new RangeError('a GRUB variable cannot hold a line break');
  const text = HEADER + lines.map((line) => `${line}\n`).join('');
  const length = Buffer.byteLength(text);
  if (length > BLOCK_SIZE) throw new RangeError(`GRUB variables take ${length} bytes of ${BLOCK_SIZE}`);
  return Buffer.concat([Buffer.from(text), Buffer.alloc(BLOCK_SIZE - length, '#')]);
}
