import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleName, readSums, SUMS } from '../../signing/output-files.ts';
import { messageFor } from './disk-parts.ts';
import { buildListing, type ListedMember, releaseListing } from './folder-listing.ts';
import { documentsIn } from './found-beside.ts';
import type { Inspection, MemberFacts } from './inspection.ts';
import { readDocument } from './read-document.ts';
import { systemMember, systemOf } from './system-member.ts';

/** Reads the output of a build, or a release. @param inspectMember reads the artifact with the system */
export async function inspectFolder(
  type: 'build-output' | 'release',
  folder: string,
  {
    inspectMember,
    note,
  }: {
    readonly inspectMember: (path: string) => Promise<Inspection>;
    readonly note: (text: string) => void;
  },
): Promise<Omit<Inspection, 'schema' | 'subject' | 'notes'>> {
  const listing = await (type === 'release' ? releaseListing(folder) : buildListing(folder));
  const sums = (await readSums(folder)) ?? [];
  const listed = new Set(sums.map(({ name }) => name));
  const names = new Set(await readdir(folder, { recursive: true }));
  const members = await Promise.all(
    listing.map(async (member): Promise<MemberFacts> => {
      const size = await sizeOf(folder, member);
      if (!names.has(member.file)) note(`${member.file} is listed, but missing`);
      const signed = names.has(bundleName(member.file));
      return { ...member, size, listed: listed.has(member.file), signed };
    }),
  );
  const file = systemMember(members.filter((member) => names.has(member.file)));
  const inside =
    file === undefined
      ? undefined
      : await inspectMember(join(folder, file)).catch((error: unknown) => note(messageFor(error)));
  const system = inside && systemOf(inside);
  const bundle = bundleName(SUMS);
  const facts = names.has(bundle) ? await readDocument(join(folder, bundle)) : undefined;
  const documents = listing.filter(({ file: name }) => name.endsWith('.json')).map(({ file: name }) => name);
  return {
    type,
    members,
    ...(system === undefined ? {} : { system }),
    documents: (await documentsIn(folder, documents)).filter(({ kind }) => kind !== 'manifest'),
    signatures:
      facts === undefined
        ? []
        : [{ form: 'sigstore-bundle', place: bundle, ...(facts.by === undefined ? {} : { by: facts.by }) }],
  };
}

/** Bytes of an artifact. A manifest gives those of the index of an image layout, which are not those of the image. */
async function sizeOf(folder: string, { file, size }: ListedMember): Promise<number> {
  if (!file.endsWith('/index.json')) return size;
  return layoutSize(join(folder, file.slice(0, -'/index.json'.length))).catch(() => size);
}

/** Bytes of the blobs that the first image of a layout names. */
async function layoutSize(layout: string): Promise<number> {
  const read = async (name: string) => JSON.parse(await readFile(join(layout, name), 'utf8')) as unknown;
  const { manifests } = (await read('index.json')) as { manifests: { digest: string; size: number }[] };
  const digest = manifests[0]?.digest ?? '';
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) return 0;
  const { layers } = (await read(`blobs/${digest.replace(':', '/')}`)) as { layers: { size: number }[] };
  return layers.reduce((sum, { size }) => sum + size, 0);
}
