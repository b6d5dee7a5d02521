import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/** The only image of a layout that a build wrote. */
export interface LayoutSubject {
  /** The name of the layout's directory. */
  readonly name: string;
  /** sha256 of the image's manifest, in hex: its digest in a registry. */
  readonly digest: { readonly sha256: string };
}

/** Reads the digest of the image in a layout that a build wrote. @param index path of the layout's `index.json` */
export async function layoutSubject(index: string): Promise<LayoutSubject> {
  const { manifests } = JSON.parse(await readFile(index, 'utf8')) as { manifests: { digest: string }[] };
  const sha256 = (manifests[0]?.digest ?? '').replace(/^sha256:/, '');
  return { name: basename(dirname(index)), digest: { sha256 } };
}
