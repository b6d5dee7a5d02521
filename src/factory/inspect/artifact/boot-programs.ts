import type { Filesystem } from '../../media/filesystem.ts';
import { walkFilesystem } from '../../media/walk-filesystem.ts';
import type { BootProgram } from './inspection.ts';

// Microsoft, "PE Format": the signature's offset, the optional header, the data directory "Certificate Table".
const HEAD = 4096;
const PE_OFFSET = 0x3c;
const OPTIONAL = 24;
const PE32_PLUS = 0x20b;
const CERTIFICATES = { [PE32_PLUS]: 144, other: 128 } as const;

/** The programs for UEFI on an EFI system partition. @throws FactoryError `verification` when it is broken */
export async function bootPrograms(esp: Filesystem): Promise<BootProgram[]> {
  const programs: BootProgram[] = [];
  for await (const { path, node } of walkFilesystem(esp)) {
    if (node.kind !== 'file' || !/\.efi$/i.test(path) || node.size < HEAD) continue;
    const head = await (await esp.open(node)).read(0, HEAD);
    const signed = isSignedProgram(head);
    if (signed !== undefined) programs.push({ path, signed });
  }
  return programs;
}

/** Whether a program for UEFI has a signature. @returns `undefined` when the bytes are not the head of one */
export function isSignedProgram(head: Buffer): boolean | undefined {
  if (head.length < HEAD || head.toString('latin1', 0, 2) !== 'MZ') return undefined;
  const at = head.readUInt32LE(PE_OFFSET);
  if (at + 256 > head.length || head.toString('latin1', at, at + 4) !== 'PE\0\0') return undefined;
  const optional = at + OPTIONAL;
  const entry = head.readUInt16LE(optional) === PE32_PLUS ? CERTIFICATES[PE32_PLUS] : CERTIFICATES.other;
  return head.readUInt32LE(optional + entry + 4) > 0;
}
