import { createReadStream } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import { settleAll } from '../../../common/errors/settle.ts';
import { aptLive, aptSnapshot, type SnapshotSource } from '../../catalog/flavors/snapshot.ts';
import type { BaseReference } from '../../config/base-reference.ts';
import type { ContainerEngine } from '../../engine/container-engine.ts';
import type { DockerDaemon } from '../../engine/docker/daemon.ts';
import { decompress, XZ, ZSTD } from '../../tools/compressors.ts';
import { mmdebstrap } from '../../tools/mmdebstrap.ts';
import type { Runner } from '../../tools/runner.ts';
import { packDirectory } from '../../tools/tar.ts';
import { type ArchiveState, readArchiveState } from './archive-state.ts';
import { archToChoose } from './check-arch.ts';
import type { ImageSource } from './image-source.ts';
import { writeOciLayout } from './oci-layout.ts';
import { sanitizeTar } from './sanitize-tar.ts';

/** What importing a base may use. */
export interface ImportContext {
  readonly runner: Runner;
  readonly engine: ContainerEngine;
  readonly images: ImageSource;
  /** The Docker daemon, for references to its images. */
  readonly daemon: () => Promise<DockerDaemon>;
  /** An empty directory that is gone afterwards. */
  readonly scratch: string;
  readonly arch: string;
  readonly notice: (text: string) => void;
  readonly say: (text: string) => void;
}

/** What only bootstrapping needs. */
export interface BootstrapOptions {
  readonly release: string;
  readonly mirror: string | undefined;
  /** Parts of the archive, such as `main`. */
  readonly components: readonly string[];
  /** Archives of the past, in place of today's and of `mirror`. */
  readonly snapshot?: readonly SnapshotSource[] | undefined;
}

/**
 * Takes a base into the engine's store under `image`.
 * @returns for a bootstrapped base the state of the package archive it came from
 * @throws FactoryError `usage` when the reference leads nowhere, `verification` when the archive is hostile, `step` when
 *   it is corrupt or a tool fails
 */
export async function importBase(
  reference:
    | Exclude<BaseReference, { kind: 'bootstrap' }>
    | ({ readonly kind: 'bootstrap' } & BootstrapOptions),
  image: string,
  context: ImportContext,
): Promise<ArchiveState | undefined> {
  switch (reference.kind) {
    case 'oci':
    case 'docker-archive':
      await context.engine.load(reference, image, await archToChoose(reference, context.arch));
      return undefined;
    case 'docker': {
      const layout = join(context.scratch, 'image');
      await mkdir(layout);
      await context.images.fetch(reference.image, context.arch, layout, context.say);
      context.say('taking the image into the image store');
      await context.engine.load({ kind: 'oci', path: layout, tag: undefined }, image);
      return undefined;
    }
    case 'docker-daemon': {
      const daemon = await context.daemon();
      const id = await daemonImage(daemon, reference.name);
      if (context.engine.adopt) {
        await context.engine.adopt(id, image);
        return undefined;
      }
      const file = join(context.scratch, 'saved.tar');
      await daemon.save(id, file);
      await context.engine.load({ kind: 'docker-archive', path: file }, image, context.arch);
      return undefined;
    }
    case 'dir': {
      const { path } = reference;
      await readdir(path).catch(unreadable(path));
      await importTar(context, image, path, undefined, (output) =>
        packDirectory(context.runner, path, output),
      );
      return undefined;
    }
    case 'tar':
      await importTar(context, image, reference.path, undefined, (output) =>
        readTarball(context.runner, reference.path, output),
      );
      return undefined;
    case 'bootstrap': {
      const [file, lists] = [join(context.scratch, 'root.tar'), join(context.scratch, 'lists')];
      await mkdir(lists);
      const { components, snapshot } = reference;
      // The root is to be the one that was made on that day: its sources are those of the present.
      const sources = snapshot && {
        lines: aptSnapshot(snapshot, components),
        kept: aptLive(snapshot, components),
      };
      await mmdebstrap(context.runner, file, { ...reference, arch: context.arch, lists, sources });
      const from = snapshot?.[0]?.uri ?? reference.mirror;
      const archive = await readArchiveState(lists, from?.startsWith('https:') ? 'https' : 'http');
      context.say('taking the root into the image store');
      await importTar(context, image, `bootstrap:${reference.release}`, archive.date, (output) =>
        readTarball(context.runner, file, output),
      );
      return archive;
    }
  }
}

/** The identifier of an image in a daemon. @throws FactoryError `usage` when it has none of that name */
export async function daemonImage(daemon: DockerDaemon, name: string): Promise<string> {
  const id = await daemon.imageId(name);
  if (id !== undefined) return id;
  throw new FactoryError('BASE_NOT_FOUND', `the Docker daemon at ${daemon.address} has no image ${name}`, {
    remedy: `Check the name with "docker image ls", or fetch it: docker pull ${name}`,
  });
}

async function importTar(
  context: ImportContext,
  image: string,
  name: string,
  epoch: number | undefined,
  read: (output: Writable) => Promise<void>,
): Promise<void> {
  const layout = join(context.scratch, 'layout');
  await mkdir(layout);
  const description = { arch: context.arch, epoch: epoch ?? 0, tag: 'base' };
  await writeOciLayout(layout, description, async (layer) => {
    const stream = new PassThrough();
    const options = { name, onNotice: context.notice, ...(epoch === undefined ? {} : { epoch }) };
    const ending = (promise: Promise<void>, other: { destroy(error: Error): unknown }) =>
      promise.catch((error: unknown) => {
        other.destroy(error as Error);
        throw error;
      });
    await settleAll([ending(read(stream), stream), ending(sanitizeTar(stream, layer, options), layer)]);
  });
  await context.engine.load({ kind: 'oci', path: layout, tag: 'base' }, image, context.arch);
}

/** Reads a tar file, compressed or not by its first bytes, not by its name. */
async function readTarball(runner: Runner, file: string, output: Writable): Promise<void> {
  const magic = await firstBytes(file);
  const input = createReadStream(file, { highWaterMark: 1024 * 1024 });
  if (magic.startsWith('\x1f\x8b')) await pipeline(input, createGunzip(), output).catch(corrupt(file));
  else if (magic.startsWith('\xfd7zXZ')) await decompress(runner, XZ, { input, output });
  else if (magic.startsWith('\x28\xb5\x2f\xfd')) await decompress(runner, ZSTD, { input, output });
  else await pipeline(input, output);
}

async function firstBytes(file: string): Promise<string> {
  const stream: Readable = createReadStream(file, { end: 5 });
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stream) chunks.push(chunk as Buffer);
  } catch (error) {
    return unreadable(file)(error);
  }
  return Buffer.concat(chunks).toString('latin1');
}

function unreadable(path: string): (error: unknown) => never {
  return (error) => {
    throw new FactoryError('IMAGE_UNREADABLE', `cannot read the base ${path}: ${messageOf(error)}`, {
      remedy: 'Check the path and its permissions.',
      cause: error,
    });
  };
}

function corrupt(file: string): (error: unknown) => never {
  return (error) => {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!code.startsWith('Z_')) throw error;
    throw new FactoryError('ARCHIVE_CORRUPT', `${file}: cannot be decompressed: ${messageOf(error)}`, {
      remedy: 'The file is corrupt or cut short; fetch or make it again.',
      cause: error,
    });
  };
}
