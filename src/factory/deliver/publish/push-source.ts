import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { parseConfig, parseManifest } from '../../../common/oci/registry/image-manifest.ts';
import { formatImageReference, type ImageReference } from '../../../common/oci/registry/image-reference.ts';
import { platformOf } from '../../../common/oci/registry/platform.ts';
import type { RegistryWriter } from '../../../common/oci/registry/registry-writer.ts';
import { type BaseReference, parseBaseReference } from '../../config/base-reference.ts';
import type { FileKinds } from '../../config/push.ts';
import type { Runner } from '../../tools/runner.ts';
import { readBuildOutput } from './build-output.ts';
import { readLayoutImage } from './layout-image.ts';
import { chooseFiles, packFiles } from './pack-files.ts';
import type { PushImage } from './push-image.ts';
import type { PushTarget } from './push-target.ts';

/** A source to push: the output directory of a build with the kinds of artifacts to push along, an image of a layout, or an image that is already in the repository. */
export type PushSource =
  | { readonly kind: 'folder'; readonly path: string; readonly artifacts: FileKinds }
  | { readonly kind: 'layout'; readonly path: string; readonly name: string | undefined }
  | { readonly kind: 'pushed'; readonly image: ImageReference };

/** An image of a daemon, an archive or a directory, which must be written as a layout before the push. */
export interface HeldImage {
  readonly kind: 'held';
  readonly reference: BaseReference;
}

/**
 * Parses a source as given on the command line.
 * @param artifacts kinds of artifacts to push along with the image of an output directory
 * @param directory base of relative paths
 * @throws FactoryError `usage` when the text is not a source, or its file does not exist
 */
export function parsePushSource(
  text: string,
  artifacts: FileKinds,
  directory: string,
): PushSource | HeldImage {
  const path = resolve(directory, text);
  if (existsSync(join(path, 'manifest.json'))) return { kind: 'folder', path, artifacts };
  if (existsSync(join(path, 'oci-layout'))) return { kind: 'layout', path, name: undefined };
  if (existsSync(path) && statSync(path).isDirectory()) {
    throw new FactoryError(
      'BUILD_OUTPUT_INVALID',
      `${text} is neither the output directory of a build nor an OCI layout`,
      {
        remedy: 'Give the directory with manifest.json. For several targets, give the directory of each.',
      },
    );
  }
  const reference = parseBaseReference(text, directory);
  // A plain name without a tag or digest is a path that does not exist.
  if (reference.kind === 'docker' && !/[:@][^/]*$/.test(text)) {
    throw new FactoryError('FILE_NOT_FOUND', `${text} does not exist`, {
      remedy: 'Give the output directory of a build, an OCI layout, or REGISTRY/NAME@DIGEST.',
    });
  }
  switch (reference.kind) {
    case 'oci':
      return { kind: 'layout', path: reference.path, name: reference.tag };
    case 'docker':
      return { kind: 'pushed', image: reference.image };
    case 'bootstrap':
      throw new FactoryError('FILE_NOT_FOUND', `"${text}" is not an existing image`, {
        remedy: 'Build it first.',
      });
    default:
      return { kind: 'held', reference };
  }
}

/** Options of {@link readPushSource}. */
export interface SourceReading {
  readonly target: PushTarget;
  readonly writer: RegistryWriter;
  readonly runner: Runner;
  /** Directory for short-lived files. */
  readonly work: string;
  readonly say: (text: string) => void;
}

/**
 * Reads a source completely before the push, so that a damaged source fails before anything is pushed.
 * @throws FactoryError as documented at `readBuildOutput` and `readLayoutImage`; `usage` for an image of another repository
 */
export async function readPushSource(
  source: PushSource,
  { target, writer, runner, work, say }: SourceReading,
): Promise<PushImage> {
  const withoutFiles = { files: [], documents: [], version: undefined, epoch: 0 };
  if (source.kind === 'pushed')
    return { ...(await pushedImage(writer, target, source.image)), ...withoutFiles };
  if (source.kind === 'layout')
    return { ...imageOf(await readLayoutImage(source.path, source.name)), ...withoutFiles };
  const { layout, files, documents, version, epoch } = await readBuildOutput(source.path);
  const image = await readLayoutImage(layout);
  const packed = await packFiles(chooseFiles(files, source.artifacts), { runner, work, say });
  return { ...imageOf(image), files: packed, documents, version, epoch };
}

function imageOf(layout: Awaited<ReturnType<typeof readLayoutImage>>) {
  const { bytes, digest, mediaType, platform, name } = layout;
  return { manifest: { bytes, digest, mediaType }, platform, layout, name };
}

/** Upper bound for an image configuration in bytes: the history of an image can be long. */
const CONFIG_LIMIT = 8 * 1024 * 1024;

/** Reads an image that was pushed earlier, perhaps by another machine, and now gets a tag or joins an index. */
async function pushedImage(writer: RegistryWriter, { repository }: PushTarget, image: ImageReference) {
  const text = formatImageReference(image);
  if (image.registry !== repository.registry || image.repository !== repository.repository) {
    const name = formatImageReference({ ...repository, tag: undefined, digest: undefined });
    throw new FactoryError(
      'IMAGE_NOT_FOUND',
      `${text} is not in ${name}: only an image of the same repository can get a tag there`,
      {
        remedy: 'Copy the image to the repository first, or push it as an OCI layout: oci:DIR.',
      },
    );
  }
  const { bytes, digest, mediaType } = await writer.reader.getManifestBytes(image.digest ?? image.tag);
  const parsed = parseManifest(text, bytes, mediaType);
  const common = {
    manifest: { bytes, digest, mediaType: parsed.mediaType },
    layout: undefined,
    name: undefined,
  };
  if (parsed.kind === 'index') return { ...common, platform: undefined };
  const config = await writer.reader.getBlobBytes(parsed.manifest.config.digest, CONFIG_LIMIT);
  return { ...common, platform: platformOf(parseConfig(text, config)) };
}
