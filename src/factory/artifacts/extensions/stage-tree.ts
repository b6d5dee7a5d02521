import { chmod } from 'node:fs/promises';
import { stampTree } from '../../../common/files/walk-tree.ts';
import { parsePlatform } from '../../../common/oci/registry/platform.ts';
import { CONTENT, type ExtensionContent } from './content.ts';
import type { ExtensionContext, ExtensionSpec } from './extension-spec.ts';
import { type FilledTree, fillTree, isLayered } from './fill-tree.ts';
import { placeExtensionRelease } from './place-extension-release.ts';
import { type Selection, selectContent } from './select-content.ts';

/** Maximum number of paths in a notice. */
const SHOWN = 5;

/**
 * Unpacks the content into `tree`, removes files that an extension must not contain, adds the release file and clamps
 * modification times.
 * @returns the number of files, and the Unix timestamp of the newest in seconds
 * @throws FactoryError as `fillTree`, `selectContent` and `placeExtensionRelease` do
 */
export async function stageTree(
  { kind, name, source, above, arch, target, epoch: latest }: ExtensionSpec,
  tree: string,
  { runner, host, signal, scratch, notice }: ExtensionContext,
): Promise<{ files: number; epoch: number }> {
  const content = CONTENT[kind];
  const platform = parsePlatform(arch);
  const { removed } = await fillTree(tree, { source, above }, { runner, host, signal, scratch, platform });
  const selection = selectContent(tree, content, { isLayer: isLayered(source) });
  reportLeftOut(content, { leftOut: selection.leftOut, removed }, notice);
  placeExtensionRelease(tree, { name, content, arch, target });
  const epoch = Math.min(latest ?? Number.POSITIVE_INFINITY, selection.newest);
  const limit = BigInt(epoch) * 1_000_000_000n;
  await chmod(tree, 0o755);
  stampTree(tree, ({ path, stats }) => (path === '' || stats.mtimeNs > limit ? epoch : undefined));
  return { files: selection.files, epoch };
}

function reportLeftOut(
  { hierarchies, kind }: ExtensionContent,
  { leftOut, removed }: Pick<Selection, 'leftOut'> & FilledTree,
  notice: (text: string) => void,
): void {
  if (leftOut.size > 0) {
    const counts = [...leftOut].map(([path, count]) => `${path} (${count})`);
    notice(`a ${kind.name} must not contain these files, which are left out: ${counts.join(', ')}`);
  }
  const hidden = removed.filter((path) => hierarchies.includes(path.split('/', 1)[0] ?? ''));
  if (hidden.length === 0) return;
  const shown = hidden.slice(0, SHOWN).map((path) => `/${path}`);
  const more = hidden.length > SHOWN ? ` and ${hidden.length - SHOWN} more` : '';
  notice(`the layer removes ${shown.join(', ')}${more}, which an extension cannot do: they stay on the node`);
}
