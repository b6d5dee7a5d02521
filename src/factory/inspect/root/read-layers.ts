import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { decodeFileName } from '../../../common/files/file-name.ts';
import { throwIfAborted } from '../../../common/http/abort.ts';
import { countEntry, entriesOf } from '../../../common/oci/layers/layer-entries.ts';
import { type LayerPlan, type Links, planLayer } from '../../../common/oci/layers/layer-plan.ts';
import type { OpenLayer } from '../../../common/oci/layers/layer-stream.ts';
import type { TarMember } from '../../../common/tar/member.ts';
import { type LayeredFiles, layeredFiles } from './layered-files.ts';
import { placeFiles } from './place-files.ts';
import type { RootFile, RootSelection, RootView } from './root-view.ts';

/** File types by their type flags in a tar (POSIX.1-2024, "ustar Interchange Format"). */
const KINDS: Readonly<Record<string, RootFile['kind']>> = {
  '0': 'file',
  '1': 'file',
  '2': 'symlink',
  '5': 'directory',
};

/**
 * Reads the root that the layers of an image lead to, without unpacking it.
 * @param layers opens each layer, lowest first
 * @param options.scratch directory that the caller removes afterwards
 * @throws FactoryError `verification` when a layer is corrupt or refused
 */
export async function readLayersRoot(
  layers: readonly (() => Promise<OpenLayer>)[],
  { keeps, hashes }: Pick<RootSelection, 'keeps' | 'hashes'>,
  { scratch, signal }: { readonly scratch: string; readonly signal: AbortSignal },
): Promise<RootView> {
  const work = await mkdtemp(join(scratch, 'root-'));
  const directory = join(work, 'tree');
  await mkdir(directory);
  const files = layeredFiles();
  const contents = new Map<string, string>();
  const digests = new Map<string, string>();
  let count = 0;
  const store = async (content: AsyncIterable<Buffer>) => {
    const place = join(work, String(count));
    await pipeline(content, createWriteStream(place, { flags: 'wx', mode: 0o600 }));
    return place;
  };
  let links: Links = new Map();
  for (const [layer, open] of layers.entries()) {
    const plan = planLayer({ below: links });
    for await (const { member, content } of entriesOf(await open())) {
      throwIfAborted(signal);
      count += 1;
      countEntry(count);
      const file = change(member, { layer, plan, files });
      if (file === undefined) continue;
      contents.delete(file.path);
      digests.delete(file.path);
      if (member.type !== '0') continue;
      if (hashes?.(file.path)) digests.set(file.path, await hashOf(content()));
      else if (keeps(file.path, file.size)) contents.set(file.path, await store(content()));
    }
    links = plan.links;
  }
  const found = files.all();
  await placeFiles(directory, found, { contents, keeps });
  return { files: found, directory, digests };
}

/** Applies a member to the tree. @returns the file that it adds; `undefined` when it adds none */
function change(
  member: TarMember,
  { layer, plan, files }: { readonly layer: number; readonly plan: LayerPlan; readonly files: LayeredFiles },
): RootFile | undefined {
  const planned = plan.plan(member);
  if (planned === undefined) return undefined;
  const path = decoded(planned.path);
  if (planned.kind !== 'entry') {
    const itself = planned.kind === 'whiteout';
    if (itself) plan.forget(planned.path);
    else plan.forgetBelow(planned.path);
    files.remove(path, { layer, itself });
    return undefined;
  }
  if (path === '') return undefined;
  const { type, linkName, size, sparse } = planned.member;
  const kind = (type === '1' ? files.get(decoded(linkName))?.kind : undefined) ?? KINDS[type] ?? 'other';
  const file: RootFile = {
    path,
    kind,
    // The first name of a file counts its content.
    size: type === '0' ? (sparse?.realSize ?? size) : 0,
    ...(type === '2' ? { target: decoded(linkName) } : {}),
  };
  files.add(file, layer);
  return file;
}

async function hashOf(content: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of content) hash.update(chunk);
  return hash.digest('hex');
}

/** Decodes a name of the tar reader, which has one character per byte. */
function decoded(latin1: string): string {
  return decodeFileName(Buffer.from(latin1, 'latin1'));
}
