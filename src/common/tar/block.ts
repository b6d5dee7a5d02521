/** Size of a tar block, in bytes. */
export const BLOCK = 512;

/** Returns the number of padding bytes after content of `size` bytes. */
export function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}
