import { readdir } from 'node:fs/promises';
import { isDiskFull } from '../../errors/explain.ts';
import { FactoryError } from '../../errors/factory-error.ts';
import { batchBytes } from '../../files/batch-bytes.ts';
import type { Host } from '../../host/host.ts';
import { type LayerCounters, plannedTar } from './layer-entries.ts';
import { type Links, planLayer } from './layer-plan.ts';
import { type LayerFile, openLayer } from './layer-stream.ts';
import { LOST, linkAt, prepareTree } from './prepare-tree.ts';
import { type UnpackProgram, unpackProgram } from './unpack-program.ts';

/** The host functions that unpacking needs. */
type UnpackHost = Pick<Host, 'has' | 'run' | 'pipeInto'>;

/** Options of {@link applyLayers}. */
export interface UnpackOptions {
  /** Host path of the directory. */
  readonly target: string;
  readonly signal?: AbortSignal | undefined;
  /** Receives the bytes of the layers read so far, and their total. */
  readonly progress?: ((done: number, total: number) => void) | undefined;
  /** Receives each path that a layer removes but no earlier layer has, one byte per character. */
  readonly missing?: ((path: string) => void) | undefined;
}

/**
 * Unpacks layers in order into an empty directory (image-spec 1.1, "Applying Changesets"). Owners, times, extended
 * attributes, ACLs, hard links, devices and holes are preserved; files are streamed.
 * @returns the total size of the written files, in bytes
 * @throws FactoryError `verification` when a layer is corrupt or refused, `step` when it cannot be written, `usage` when
 * the directory is not empty
 */
export async function applyLayers(
  host: UnpackHost,
  layers: readonly LayerFile[],
  { target, signal, progress, missing }: UnpackOptions,
): Promise<number> {
  const present = (await readdir(target)).filter((name) => name !== LOST);
  if (present.length > 0) {
    throw new FactoryError('FILE_EXISTS', `${target} is not empty`, { remedy: 'Choose an empty directory.' });
  }
  const program = await unpackProgram(host);
  const root = Buffer.from(target);
  const total = layers.reduce((sum, { size }) => sum + size, 0);
  const counters: LayerCounters = { entries: 0, bytes: 0, holes: 0 };
  let before = 0;
  let links: Links = new Map();
  for (const [index, layer] of layers.entries()) {
    // Whiteouts may come in any order within a layer, so they are applied before anything is written.
    if (index > 0) links = await prepareTree(root, layer, { below: links, signal, missing });
    const plan = planLayer({ below: links });
    const opened = await openLayer(layer, (done) => progress?.(before + done, total));
    const removed = index === 0 ? missing : undefined;
    const tar = plannedTar(opened, { plan, counters, signal, removed });
    await unpack(host, program, { tar, target, signal });
    links = plan.links;
    before += layer.size;
  }
  return counters.bytes;
}

/**
 * Unpacks a tar into a directory with existing files. The directory's own links are followed as if it were the root;
 * existing directories keep their owner and mode.
 * @returns the total size of the written files, in bytes
 * @throws FactoryError as {@link applyLayers}
 */
export async function overlayTar(
  host: UnpackHost,
  tar: AsyncIterable<Uint8Array>,
  { target, signal }: Pick<UnpackOptions, 'target' | 'signal'>,
): Promise<number> {
  const counters: LayerCounters = { entries: 0, bytes: 0, holes: 0 };
  const plan = planLayer({ existing: (path) => linkAt(Buffer.from(target), path) });
  const program = await unpackProgram(host, { keepDirectories: true });
  const opened = { tar, isCompressed: false, check: () => {}, close: () => {} };
  await unpack(host, program, { tar: plannedTar(opened, { plan, counters, signal }), target, signal });
  return counters.bytes;
}

/** A tar, and the directory to unpack it into. */
interface UnpackInput {
  readonly tar: AsyncIterable<Buffer>;
  readonly target: string;
  readonly signal: AbortSignal | undefined;
}

async function unpack(
  host: UnpackHost,
  { name, args }: UnpackProgram,
  { tar, target, signal }: UnpackInput,
): Promise<void> {
  const options = { env: { LC_ALL: 'C.UTF-8' }, ...(signal && { signal }) };
  await host
    .pipeInto(name, [...args, '-C', target, '-f', '-'], batchBytes(tar), options)
    .catch((error: unknown) => {
      throw unwritten(target, error);
    });
}

function unwritten(target: string, error: unknown): unknown {
  if (!(error instanceof FactoryError) || error.kind !== 'step') return error;
  const isFull = isDiskFull(error);
  return new FactoryError(
    isFull ? 'DISK_FULL' : 'IMAGE_UNPACK_FAILED',
    `the image cannot be unpacked into ${target}`,
    {
      details: error.details,
      remedy: isFull
        ? 'There is no space left: use a smaller image or a larger system partition.'
        : 'Check "dmesg" for disk errors.',
      cause: error,
    },
  );
}
