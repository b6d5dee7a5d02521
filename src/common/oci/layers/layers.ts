import { readlinkSync } from 'node:fs';
import { lstat, readdir, rm } from 'node:fs/promises';
import { isDiskFull } from '../../errors/explain.ts';
import { FactoryError } from '../../errors/factory-error.ts';
import type { Host } from '../../host/host.ts';
import { signalled } from '../registry/retry.ts';
import { ByteReader } from './byte-reader.ts';
import { type Change, type LayerPlan, type Links, planLayer } from './layer-plan.ts';
import { type LayerFile, type OpenLayer, openLayer } from './layer-stream.ts';
import { encodeHeader, TAR_END } from './tar-header.ts';
import { padding, readMember } from './tar-members.ts';

/** What unpacking asks of the machine. */
type UnpackHost = Pick<Host, 'has' | 'run' | 'pipeInto'>;

/** How layers are unpacked. */
export interface UnpackOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes of the layers that were read, of all. */
  readonly progress?: ((done: number, total: number) => void) | undefined;
  /** Told each path that a layer removes and that none of the layers before it has, one byte per character. */
  readonly missing?: ((path: string) => void) | undefined;
}

/** Entries of all layers together. */
const ENTRY_LIMIT = 4_000_000;
/** Bytes that go to the unpacking program at once. */
const BATCH = 256 * 1024;
/** What an ext filesystem has from the beginning. */
const LOST = 'lost+found';

/**
 * Unpacks layers, one over the other, into a directory that is empty (image-spec 1.1, "Applying Changesets"). Owners,
 * times, extended attributes, ACLs, hard links, devices and holes stay; nothing is held in memory as a whole.
 * @param target as the process sees it
 * @returns bytes of all files that were written
 * @throws FactoryError `verification` when a layer is corrupt or refused, `step` when it cannot be written, `usage` when
 * the directory is not empty
 */
export async function applyLayers(
  host: UnpackHost,
  layers: readonly LayerFile[],
  target: string,
  { signal, progress, missing }: UnpackOptions = {},
): Promise<number> {
  const present = (await readdir(target)).filter((name) => name !== LOST);
  if (present.length > 0) {
    throw new FactoryError('FILE_EXISTS', `${target} is not empty`, { remedy: 'Name an empty directory.' });
  }
  const program = await unpackProgram(host);
  const root = Buffer.from(target);
  const total = layers.reduce((sum, { size }) => sum + size, 0);
  const state = { entries: 0, bytes: 0, before: 0 };
  let links: Links = new Map();
  for (const [index, layer] of layers.entries()) {
    // A layer says what goes from the layers below in any order, so those marks are read before anything is written.
    if (index > 0) links = await prepareTree(root, layer, links, signal, missing);
    const plan = planLayer(links);
    const opened = await openLayer(layer, (done) => progress?.(state.before + done, total));
    const unmatched = index === 0 ? missing : undefined;
    await unpack(host, program, filtered(opened, plan, state, signal, unmatched), target, signal);
    links = plan.links;
    state.before += layer.size;
  }
  return state.bytes;
}

/**
 * Lays a tar over a directory that holds files already. Its own links are followed, as if it were the root; directories
 * that are there keep their owner and mode.
 * @param target as the process sees it
 * @returns bytes of all files that were written
 * @throws FactoryError as {@link applyLayers}
 */
export async function overlayTar(
  host: UnpackHost,
  tar: AsyncIterable<Uint8Array>,
  target: string,
  signal?: AbortSignal,
): Promise<number> {
  const state = { entries: 0, bytes: 0 };
  const plan = planLayer(new Map(), (path) => linkAt(Buffer.from(target), path));
  const program = await unpackProgram(host, true);
  const opened = { tar, isCompressed: false, check: () => {}, close: () => {} };
  await unpack(host, program, filtered(opened, plan, state, signal), target, signal);
  return state.bytes;
}

async function unpack(
  host: UnpackHost,
  { name, args }: UnpackProgram,
  input: AsyncIterable<Uint8Array>,
  target: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const options = { env: { LC_ALL: 'C.UTF-8' }, ...(signal && { signal }) };
  await host.pipeInto(name, [...args, '-C', target, '-f', '-'], input, options).catch((error: unknown) => {
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
        : 'Look at "dmesg" for errors of the disk.',
      cause: error,
    },
  );
}

/** A program that unpacks a tar, and its arguments but for the directory and the archive. */
interface UnpackProgram {
  readonly name: string;
  readonly args: readonly string[];
}

/**
 * GNU tar and libarchive's keep everything; that of BusyBox loses capabilities.
 * @throws FactoryError `tool` when there is neither
 */
export async function unpackProgram(host: UnpackHost, keepDirectories = false): Promise<UnpackProgram> {
  // The owners of an unprivileged user's files cannot be kept.
  const owner = process.getuid?.() === 0 ? '--same-owner' : '--no-same-owner';
  const common = ['-x', '-p', '--xattrs', '--acls', '--numeric-owner', owner];
  for (const name of ['tar', 'bsdtar']) {
    if (!(await host.has(name))) continue;
    const { stdout, stderr } = await host.run(name, ['--version'], { allowFailure: true });
    const version = `${stdout}${stderr}`;
    if (/busybox|toybox/i.test(version)) continue;
    // Times in the future are no news on a machine whose clock is not set yet.
    const isGnu = !/bsdtar|libarchive/i.test(version);
    const gnu = [
      '--xattrs-include=*',
      '--warning=no-timestamp',
      ...(keepDirectories ? ['--no-overwrite-dir'] : []),
    ];
    return { name, args: isGnu ? [...common, ...gnu] : common };
  }
  throw new FactoryError('TOOL_MISSING', 'there is no tar that keeps capabilities and attributes', {
    remedy: 'Add GNU tar (package tar) or bsdtar to the image.',
  });
}

interface Counters {
  entries: number;
  bytes: number;
}

/** The layer as a tar of plain entries, in the form that {@link encodeHeader} gives them. */
async function* filtered(
  layer: OpenLayer,
  plan: LayerPlan,
  counters: Counters,
  signal: AbortSignal | undefined,
  missing?: (path: string) => void,
): AsyncGenerator<Buffer> {
  let batch: Buffer[] = [];
  let size = 0;
  const flush = () => {
    const whole = Buffer.concat(batch);
    [batch, size] = [[], 0];
    return whole;
  };
  const parts = membersOf(layer, async function* (reader, member) {
    signalled(signal);
    counters.entries += 1;
    if (counters.entries > ENTRY_LIMIT) throw tooMany();
    const change = plan.plan(member);
    if (change?.kind === 'whiteout') missing?.(change.path);
    if (change?.kind !== 'entry') return;
    yield encodeHeader(change.member);
    yield* reader.pass(member.size);
    yield Buffer.alloc(padding(member.size));
    counters.bytes += member.size;
  });
  for await (const part of parts) {
    batch.push(part);
    size += part.length;
    if (size >= BATCH) yield flush();
  }
  yield Buffer.concat([...batch, TAR_END]);
}

/**
 * Removes from the tree what a layer says is gone, and what stands where the layer has something of another kind.
 * @returns the links that are left
 */
async function prepareTree(
  root: Buffer,
  layer: LayerFile,
  below: Links,
  signal: AbortSignal | undefined,
  missing: ((path: string) => void) | undefined,
): Promise<Links> {
  const plan = planLayer(below);
  const opened = await openLayer(layer, () => {});
  const members = membersOf(opened, async function* (_, member) {
    signalled(signal);
    const change = plan.plan(member);
    if (change !== undefined) yield change;
  });
  for await (const change of members) {
    const isThere = await makeWay(root, change, plan);
    if (!isThere && change.kind === 'whiteout') missing?.(change.path);
  }
  return plan.lower();
}

/** @returns whether there is something at the path of the change */
async function makeWay(root: Buffer, change: Change, plan: LayerPlan): Promise<boolean> {
  const { kind, path } = change;
  const place = at(root, path);
  const stats = await lstat(place).catch(() => undefined);
  if (stats === undefined) return false;
  if (kind === 'opaque') {
    if (!stats.isDirectory()) return true;
    for (const name of await readdir(place, { encoding: 'buffer' })) {
      if (path === '' && name.toString() === LOST) continue;
      await rm(Buffer.concat([place, Buffer.from('/'), name]), { recursive: true, force: true });
    }
    plan.forget(path, false);
    return true;
  }
  const isDirectory = kind === 'entry' && change.member.type === '5';
  if (kind === 'entry' && (path === '' || (stats.isDirectory() === isDirectory && !stats.isSymbolicLink())))
    return true;
  await rm(place, { recursive: true, force: true });
  plan.forget(path, true);
  return true;
}

function at(root: Buffer, path: string): Buffer {
  return path === '' ? root : Buffer.concat([root, Buffer.from('/'), Buffer.from(path, 'latin1')]);
}

function linkAt(root: Buffer, path: string): string | undefined {
  try {
    return readlinkSync(at(root, path), 'latin1');
  } catch {
    // No link, or nothing at all.
    return undefined;
  }
}

type Visit<T> = (
  reader: ByteReader,
  member: NonNullable<Awaited<ReturnType<typeof readMember>>>,
) => AsyncIterable<T>;

/** Visits the members of a layer. What a visit leaves of a member's content is passed over. */
async function* membersOf<T>(opened: OpenLayer, visit: Visit<T>): AsyncGenerator<T> {
  const reader = new ByteReader(opened.tar);
  try {
    for (let member = await readMember(reader); member; member = await readMember(reader)) {
      const end = reader.position + member.size + padding(member.size);
      yield* visit(reader, member);
      await reader.skip(end - reader.position);
    }
    await reader.drain();
    opened.check();
  } finally {
    opened.close();
  }
}

function tooMany(): FactoryError {
  return new FactoryError('IMAGE_CORRUPT', `the image has more than ${ENTRY_LIMIT} entries`, {
    remedy: 'Do not use this image unless you know who made it.',
  });
}
