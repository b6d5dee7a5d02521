import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { parseOsRelease } from '../../common/contract/os-release.ts';
import { SLOT_ORIGIN } from '../../common/contract/partition-files.ts';
import { readInRoot } from '../../common/contract/root-names.ts';
import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { utcTime } from '../../common/text/utc-time.ts';
import type { Operation } from './hooks.ts';

/** Where the system of a slot came from. */
export interface SlotOrigin {
  readonly by: Operation;
  /** As in `--source`, with the digest of an image. */
  readonly source: string;
  /** Digest of the image; absent for a directory or a file. */
  readonly digest?: string;
  /** When it was written (RFC 3339). */
  readonly written: string;
  /** The system that ran when an upgrade wrote this one. */
  readonly replaced?: { readonly version: string; readonly digest?: string };
}

/** What the program knows of an origin before it has written the system. */
export type OriginFacts = Pick<SlotOrigin, 'by' | 'replaced'>;

/** A system that was written just now. */
export interface WrittenSystem extends OriginFacts, Pick<SlotOrigin, 'source'> {
  readonly digest?: string | undefined;
  /** Whether the content is a copy of a system, whose origin counts. */
  readonly isCopy: boolean;
}

/**
 * Notes in a new system where it came from, for `kairos-agent state`. The note moves with the image, also when the slot changes.
 * An image without any room stays without it.
 * @param root the tree of the new system
 */
export async function noteOrigin(host: Host, root: string, written: WrittenSystem): Promise<void> {
  const { isCopy, digest, ...facts } = written;
  try {
    const copied = isCopy ? await readOrigin(host, root) : undefined;
    const origin: SlotOrigin = {
      ...facts,
      ...(digest === undefined ? {} : { digest }),
      ...(copied && { source: copied.source, ...(copied.digest && { digest: copied.digest }) }),
      written: utcTime(Math.floor(host.now().getTime() / 1000)),
    };
    await requireDirectories(host, root);
    await host.write(`${root}/${SLOT_ORIGIN}`, `${JSON.stringify(origin, null, 2)}\n`);
  } catch (error) {
    host.log('debug', `the origin of the system could not be noted: ${messageOf(error)}`);
  }
}

/** Reads the origin of the system in a tree; `undefined` when nothing noted it, as upstream's agent. */
async function readOrigin(host: Host, root: string): Promise<SlotOrigin | undefined> {
  const text = await readInRoot(host.resolve(root), SLOT_ORIGIN);
  if (text === undefined) return undefined;
  try {
    const origin: unknown = JSON.parse(text);
    return typeof origin === 'object' && origin !== null && 'source' in origin
      ? (origin as SlotOrigin)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The system in a tree. */
export interface SlotSystem {
  readonly version?: string;
  readonly name?: string;
  readonly origin?: SlotOrigin;
}

/** Reads version and origin of the system in a tree. */
export async function readSystem(host: Host, root: string): Promise<SlotSystem> {
  const release = parseOsRelease((await readInRoot(host.resolve(root), NODE_PATH.release)) ?? '');
  const [version, name] = [release.get('KAIROS_VERSION'), release.get('KAIROS_NAME')];
  const origin = await readOrigin(host, root);
  return { ...(version && { version }), ...(name && { name }), ...(origin && { origin }) };
}

/** A link on the way could lead out of the tree. @throws FactoryError `verification` */
async function requireDirectories(host: Host, root: string): Promise<void> {
  const parents = SLOT_ORIGIN.split('/').slice(0, -1);
  for (const [index] of parents.entries()) {
    const path = `${root}/${parents.slice(0, index + 1).join('/')}`;
    const kind = (await host.stat(path, { follow: false }))?.kind ?? 'directory';
    if (kind !== 'directory') throw new FactoryError('ENTRY_REFUSED', `${path} is not a directory`);
  }
}
