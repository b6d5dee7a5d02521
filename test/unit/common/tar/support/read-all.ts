import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { TarMember } from '../../../../../src/common/tar/member.ts';
import { type ReadTarOptions, readTar } from '../../../../../src/common/tar/read-tar.ts';
import { TAR_END, writeMember } from '../../../../../src/common/tar/write-member.ts';

/** A member with its stored content, and its content with holes as zeros. */
export interface WholeEntry {
  readonly member: TarMember;
  readonly stored: Buffer;
  readonly content: Buffer;
}

/** Reads an archive twice: for the stored content, and for the content with holes. Errors are `corrupt: REASON`. */
export async function readAll(
  bytes: Buffer,
  globalHeaders: ReadTarOptions['globalHeaders'] = 'ignore',
): Promise<WholeEntry[]> {
  const stored: Buffer[] = [];
  for await (const entry of open(bytes, globalHeaders)) stored.push(await buffer(entry.stored()));
  const entries: WholeEntry[] = [];
  for await (const { member, content } of open(bytes, globalHeaders)) {
    const before = stored[entries.length] ?? Buffer.alloc(0);
    entries.push({ member, stored: before, content: await buffer(content()) });
  }
  return entries;
}

/** Reads and rewrites an archive. */
export async function rewrite(bytes: Buffer): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const { member, stored } of open(bytes, 'ignore')) {
    for await (const part of writeMember(member, stored())) parts.push(part);
  }
  return Buffer.concat([...parts, TAR_END]);
}

function open(bytes: Buffer, globalHeaders: ReadTarOptions['globalHeaders']) {
  // In small chunks, so that fields and blocks are split.
  const pieces = Array.from({ length: Math.ceil(bytes.length / 333) }, (_, index) =>
    bytes.subarray(index * 333, (index + 1) * 333),
  );
  return readTar(Readable.from(pieces), {
    corrupt: (reason) => new Error(`corrupt: ${reason}`),
    globalHeaders,
  });
}
