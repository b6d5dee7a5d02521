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
import type { PushImage } from './push-images.ts';
import type { PushTarget } from './push-target.ts';

/** What to push: the output directory of a build with the kinds of artifacts that go along, an image of a layout, or one that is in the repository already. */
export type PushSource =
  | { readonly kind: 'folder'; readonly path: string; readonly artifacts: FileKinds }
  | { readonly kind: 'layout'; readonly path: string; readonly name: string | undefined }
  | { readonly kind: 'there'; readonly image: ImageReference };

/** An image that has to be written as a layout before it can be pushed: one of a daemon, an archive or a directory. */
export interface HeldImage {
  readonly kind: 'held';
  readonly reference: BaseReference;
}

/**
 * Tells what a person means with a word.
 * @param artifacts which go along with the image of an output directory
 * @param directory what relative paths are relative to
 * @throws FactoryError `usage` when it has no known form
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
        remedy: 'Give the directory that has manifest.json; of several targets, that of each.',
      },
    );
  }
  const reference = parseBaseReference(text, directory);
  // A word that is no more than the name of an image is a path that is not there.
  if (reference.kind === 'docker' && !/[:@][^/]*$/.test(text)) {
    throw new FactoryError('FILE_NOT_FOUND', `${text} is not there`, {
      remedy: 'Give the output directory of a build, an OCI layout, or REGISTRY/NAME@DIGEST.',
    });
  }
  switch (reference.kind) {
    case 'oci':
      return { kind: 'layout', path: reference.path, name: reference.tag };
    case 'docker':
      return { kind: 'there', image: reference.image };
    case 'bootstrap':
      throw new FactoryError('FILE_NOT_FOUND', `"${text}" is no image that there is`, {
        remedy: 'Build it first.',
      });
    default:
      return { kind: 'held', reference };
  }
}

/** What reading a source takes. */
export interface SourceReading {
  readonly runner: Runner;
  /** Directory for short-lived files. */
  readonly work: string;
  readonly say: (text: string) => void;
}

/**
 * Reads what is to be pushed, so that whatever is wrong with it is known before anything is pushed.
 * @throws FactoryError as documented at `readBuildOutput` and `readLayoutImage`; `usage` for an image of another repository
 */
export async function readPushSource(
  source: PushSource,
  target: PushTarget,
  writer: RegistryWriter,
  { runner, work, say }: SourceReading,
): Promise<PushImage> {
  const alone = { files: [], documents: [], version: undefined, epoch: 0 };
  if (source.kind === 'there') return { ...(await imageThere(writer, target, source.image)), ...alone };
  if (source.kind === 'layout')
    return { ...imageOf(await readLayoutImage(source.path, source.name)), ...alone };
  const { layout, files, documents, version, epoch } = await readBuildOutput(source.path);
  const image = await readLayoutImage(layout);
  const packed = await packFiles(chooseFiles(files, source.artifacts), { runner, work, say });
  return { ...imageOf(image), files: packed, documents, version, epoch };
}

function imageOf(layout: Awaited<ReturnType<typeof readLayoutImage>>) {
  const { bytes, digest, mediaType, platform, name } = layout;
  return { manifest: { bytes, digest, mediaType }, platform, layout, name };
}

/** Histories of images can be long. */
const CONFIG_LIMIT = 8 * 1024 * 1024;

/** An image that was pushed by its digest before, say by another machine, and is to get a tag or become part of an index. */
async function imageThere(writer: RegistryWriter, { repository }: PushTarget, image: ImageReference) {
  const text = formatImageReference(image);
  if (image.registry !== repository.registry || image.repository !== repository.repository) {
    const name = formatImageReference({ ...repository, tag: undefined, digest: undefined });
    throw new FactoryError(
      'IMAGE_NOT_FOUND',
      `${text} is not in ${name}: only what is there can get a tag there`,
      {
        remedy: 'Copy it there first, or push it as an OCI layout: oci:DIR.',
      },
    );
  }
  const { bytes, digest, mediaType } = await writer.reader.getManifestBytes(image.digest ?? image.tag);
  const parsed = parseManifest(text, bytes, mediaType);
  const there = {
    manifest: { bytes, digest, mediaType: parsed.mediaType },
    layout: undefined,
    name: undefined,
  };
  if (parsed.kind === 'index') return { ...there, platform: undefined };
  const config = await writer.reader.getBlobBytes(parsed.manifest.config.digest, CONFIG_LIMIT);
  return { ...there, platform: platformOf(parseConfig(text, config)) };
}
