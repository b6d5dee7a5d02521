/** Size of a block of a tar. */
export const BLOCK = 512;

/** The number of bytes that fill the last block of a member's content. */
export function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}
