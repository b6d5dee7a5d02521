import { encodeOldMap, type SparseMap } from './sparse-map.ts';
import { tarHeader } from './ustar-header.ts';

/**
 * Encodes the headers of a file with holes as `tar --format=oldgnu --sparse` does (GNU tar manual, "Basic Tar Format" and "Storing
 * Sparse Files"): of root, and readable by all. The stored regions follow.
 * @param file.name of at most 100 bytes
 * @param file.modified Unix time
 */
export function oldGnuSparseHeader({
  name,
  modified,
  map,
}: {
  readonly name: string;
  readonly modified: number;
  readonly map: SparseMap;
}): Buffer {
  const size = map.regions.reduce((sum, [, length]) => sum + length, 0);
  const { header, blocks } = encodeOldMap(map);
  const block = tarHeader({ name, size, modified, type: 'S', magic: 'ustar  \0', further: header });
  return Buffer.concat([block, blocks]);
}
