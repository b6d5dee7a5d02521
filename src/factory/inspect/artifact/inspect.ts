import { stat } from 'node:fs/promises';
import { openLayer } from '../../../common/oci/layers/layer-stream.ts';
import { readDirectoryRoot } from '../root/read-directory.ts';
import { readLayersRoot } from '../root/read-layers.ts';
import type { RootView } from '../root/root-view.ts';
import { describeSystem } from './describe-system.ts';
import { type FoundBeside, foundBeside } from './found-beside.ts';
import { identify } from './identify.ts';
import type { InspectContext } from './inspect-context.ts';
import { inspectFile } from './inspect-file.ts';
import { inspectFolder } from './inspect-folder.ts';
import type { Inspection } from './inspection.ts';
import { type ImageReferenceText, openImage } from './open-image.ts';
import { systemMenu } from './system-menu.ts';
import { SYSTEM_FILES } from './system-selection.ts';

type Part = Partial<Inspection> & Pick<Inspection, 'type'>;

/**
 * Describes an artifact, an image or a folder. It is read in place, without privileges, and nothing in it is trusted or
 * verified.
 * @param text a path, or an image reference
 * @throws FactoryError `usage` when it is nothing that is known, `verification` when it is broken, `step` when a registry, the
 *   daemon or a package database cannot be read
 */
export async function inspect(text: string, context: InspectContext): Promise<Inspection> {
  const notes: string[] = [];
  const named = await identify(text);
  const part = await partOf();
  const path = named.kind === 'image' ? undefined : named.path;
  const isFolder = part.type === 'build-output' || part.type === 'release';
  const beside: FoundBeside =
    path === undefined || isFolder ? { signatures: [], documents: [] } : await foundBeside(path);
  return {
    schema: 1,
    subject: text,
    ...(named.kind === 'file' ? { size: (await stat(named.path)).size } : {}),
    ...part,
    documents: [...(part.documents ?? []), ...beside.documents],
    signatures: [...(part.signatures ?? []), ...beside.signatures],
    notes,
  };

  async function partOf(): Promise<Part> {
    const note = (reason: string) => notes.push(reason);
    switch (named.kind) {
      case 'image':
        return imagePart(named.reference, context);
      case 'oci':
        return imagePart({ kind: 'oci', path: named.path, tag: undefined }, context);
      case 'root':
        return {
          type: 'root',
          ...(await systemPart(await readDirectoryRoot(named.path, SYSTEM_FILES), context)),
        };
      case 'file': {
        const found = await inspectFile(named.path, { ...context, name: text, note });
        if ('part' in found) return found.part;
        if (found.archive === 'image')
          return imagePart({ kind: 'docker-archive', path: found.path }, context);
        const { size } = await stat(found.path);
        const open = () => openLayer({ file: found.path, start: 0, size }, () => undefined);
        const root = await readLayersRoot([open], SYSTEM_FILES, context);
        return { type: 'root', format: 'tar', ...(await systemPart(root, context)) };
      }
      default: {
        const inspectMember = (file: string) => inspect(file, context);
        return inspectFolder(named.kind, named.path, { inspectMember, note });
      }
    }
  }
}

async function imagePart(reference: ImageReferenceText, context: InspectContext): Promise<Part> {
  const { image, signatures, root } = await openImage(reference, context);
  const size = image.layers.reduce((sum, layer) => sum + layer, 0);
  const system = root === undefined ? {} : await systemPart(await root(SYSTEM_FILES), context);
  return { type: 'image', size, image, signatures, ...system };
}

async function systemPart(
  root: RootView,
  { agents }: Pick<InspectContext, 'agents'>,
): Promise<Pick<Inspection, 'system' | 'menu'>> {
  return { system: await describeSystem(root, agents), menu: await systemMenu(root.directory) };
}
