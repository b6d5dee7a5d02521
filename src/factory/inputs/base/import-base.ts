import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, type Writable } from 'node:stream';
import { settleAll } from '../../../common/errors/settle.ts';
import { aptLive, aptSnapshot, type SnapshotSource } from '../../catalog/flavors/snapshot.ts';
import type { BaseReference } from '../../config/base-reference.ts';
import type { ContainerEngine } from '../../engine/container-engine.ts';
import type { DockerDaemon } from '../../engine/docker/daemon.ts';
import { followPackages } from '../../packages/installation-progress.ts';
import { mmdebstrap } from '../../tools/mmdebstrap.ts';
import type { Runner } from '../../tools/runner.ts';
import { packDirectory } from '../../tools/tar.ts';
import { type ArchiveState, readArchiveState } from './archive-state.ts';
import { archToChoose } from './check-arch.ts';
import { checkHoles, holesLimit } from './check-holes.ts';
import { daemonImage, namedDaemon } from './daemon-image.ts';
import type { ImageSource } from './image-source.ts';
import { writeOciLayout } from './oci-layout.ts';
import { readTarball, unreadable } from './read-tarball.ts';
import { requireSource } from './require-source.ts';
import { sanitizeTar } from './sanitize-tar.ts';

/** The services for importing a base. */
export interface ImportContext {
  readonly runner: Runner;
  readonly engine: ContainerEngine;
  readonly images: ImageSource;
  /** The Docker daemon, for references to its images. */
  readonly daemon: () => Promise<DockerDaemon>;
  /** An empty directory, which the caller removes afterwards. */
  readonly scratch: string;
  readonly arch: string;
  readonly notice: (text: string) => void;
  readonly say: (text: string) => void;
  /** Shows a detail that changes from second to second. */
  readonly glimpse?: ((text: string) => void) | undefined;
}

/** Options for bootstrapping a base. */
export interface BootstrapOptions {
  readonly release: string;
  readonly mirror: string | undefined;
  /** Parts of the archive, such as `main`. */
  readonly components: readonly string[];
  /** Packages to install in addition to a minimal root. */
  readonly packages?: readonly string[] | undefined;
  /** Snapshot archives to use instead of the current ones and of `mirror`. */
  readonly snapshot?: readonly SnapshotSource[] | undefined;
}

/**
 * Imports a base into the engine's store under the name `image`.
 * @returns the state of the package archive, for a bootstrapped base
 * @throws FactoryError `usage` when the reference does not exist, `verification` when the archive is hostile, `step` when
 *   it is corrupt or a tool fails
 */
export async function importBase(
  reference:
    | Exclude<BaseReference, { kind: 'bootstrap' }>
    | ({ readonly kind: 'bootstrap' } & BootstrapOptions),
  image: string,
  context: ImportContext,
): Promise<ArchiveState | undefined> {
  if (reference.kind !== 'bootstrap') await requireSource(reference);
  switch (reference.kind) {
    case 'oci':
    case 'docker-archive':
      await checkHoles(reference, context);
      await context.engine.load(reference, image, await archToChoose(reference, context.arch));
      return undefined;
    case 'docker': {
      const layout = join(context.scratch, 'image');
      await mkdir(layout);
      await context.images.fetch(reference.image, context.arch, { directory: layout, say: context.say });
      context.say('importing the image into the image store');
      const file = { kind: 'oci', path: layout, tag: undefined } as const;
      await checkHoles(file, context);
      await context.engine.load(file, image);
      return undefined;
    }
    case 'docker-daemon': {
      const daemon = await namedDaemon(context.daemon, reference.name);
      const id = await daemonImage(daemon, reference.name);
      if (context.engine.adopt) {
        await context.engine.adopt(id, image);
        return undefined;
      }
      const file = join(context.scratch, 'saved.tar');
      await daemon.save(id, file);
      const archive = { kind: 'docker-archive', path: file } as const;
      await checkHoles(archive, context);
      await context.engine.load(archive, image, context.arch);
      return undefined;
    }
    case 'dir': {
      const { path } = reference;
      await readdir(path).catch(unreadable(path));
      await importTar(context, image, {
        name: path,
        read: (output) => packDirectory(context.runner, path, output),
      });
      return undefined;
    }
    case 'tar':
      await importTar(context, image, {
        name: reference.path,
        read: (output) => readTarball(context.runner, reference.path, output),
      });
      return undefined;
    case 'bootstrap': {
      const file = join(context.scratch, 'root.tar');
      const lists = join(context.scratch, 'lists');
      await mkdir(lists);
      const { components, snapshot } = reference;
      // The packages come from the snapshot, but the root's own sources are the current archives.
      const sources = snapshot && {
        lines: aptSnapshot(snapshot, components),
        kept: aptLive(snapshot, components),
      };
      const onLine = followPackages((text) => context.glimpse?.(text));
      await mmdebstrap(context.runner, file, { ...reference, arch: context.arch, lists, sources, onLine });
      const from = snapshot?.[0]?.uri ?? reference.mirror;
      const archive = await readArchiveState(lists, from?.startsWith('https:') ? 'https' : 'http');
      context.say('importing the root into the image store');
      await importTar(context, image, {
        name: `bootstrap:${reference.release}`,
        epoch: archive.date,
        read: (output) => readTarball(context.runner, file, output),
      });
      return archive;
    }
  }
}

/** A tar of a root filesystem. */
interface TarSource {
  /** Its name in messages. */
  readonly name: string;
  /** Unix timestamp in seconds to which later times are clamped, if any. */
  readonly epoch?: number;
  /** Writes the uncompressed tar. */
  readonly read: (output: Writable) => Promise<void>;
}

async function importTar(
  context: ImportContext,
  image: string,
  { name, epoch, read }: TarSource,
): Promise<void> {
  const layout = join(context.scratch, 'layout');
  await mkdir(layout);
  const description = { arch: context.arch, epoch: epoch ?? 0, tag: 'base' };
  await writeOciLayout(layout, description, async (layer) => {
    const stream = new PassThrough();
    const holes = await holesLimit(context.scratch);
    const options = { name, holes, onNotice: context.notice, ...(epoch === undefined ? {} : { epoch }) };
    const ending = (promise: Promise<void>, other: { destroy(error: Error): unknown }) =>
      promise.catch((error: unknown) => {
        other.destroy(error as Error);
        throw error;
      });
    await settleAll([ending(read(stream), stream), ending(sanitizeTar(stream, layer, options), layer)]);
  });
  await context.engine.load({ kind: 'oci', path: layout, tag: 'base' }, image, context.arch);
}
