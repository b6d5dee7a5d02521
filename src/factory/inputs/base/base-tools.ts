import type { BaseReference } from '../../config/base-reference.ts';
import { APT_HELPER } from '../../tools/apt-helper.ts';
import { XZ, ZSTD } from '../../tools/compressors.ts';
import type { HostTool } from '../../tools/host-tool.ts';
import { MMDEBSTRAP } from '../../tools/mmdebstrap.ts';

/** The programs that import a base, as far as its reference shows: the compression of a tar file is known by its name. */
export function baseTools(reference: BaseReference): readonly HostTool[] {
  if (reference.kind === 'bootstrap') return [MMDEBSTRAP, APT_HELPER];
  if (reference.kind !== 'tar') return [];
  if (/xz$/.test(reference.path)) return [XZ];
  return reference.path.endsWith('.zst') ? [ZSTD] : [];
}
