import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The path of a blob below the directory `blobs` of an image layout (image-spec 1.1, "Image Layout"). */
export function blobPath(digest: string): string {
  return digest.replace(':', '/');
}

/** Writes the two files that make a directory with blobs an image layout. @param index the text of its index */
export async function writeLayoutIndex(directory: string, index: string): Promise<void> {
  await writeFile(join(directory, 'index.json'), index);
  await writeFile(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}
