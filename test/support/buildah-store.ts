import { join } from 'node:path';

/** Flags of buildah for a store of images in a directory of the test, apart from that of the user. */
export function buildahStore(home: string): string[] {
  return ['--root', join(home, 'store'), '--runroot', join(home, 'run'), '--storage-driver', 'overlay'];
}
