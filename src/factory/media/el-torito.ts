import type { ByteView } from './byte-view.ts';

// "El Torito" Bootable CD-ROM Format Specification 1.0; UEFI Specification 2.10, 13.3.2 for platform 0xef.
const SECTOR = 2048;
const RECORD = 17 * SECTOR;
const ID = 'EL TORITO SPECIFICATION';
const CATALOG = 0x47;
const ENTRY = 32;
const BOOTABLE = 0x88;
const SECTION = 0x90;
const LAST_SECTION = 0x91;
const PLATFORMS: Readonly<Record<number, string>> = { 0: 'bios', 239: 'uefi' };

/** The firmware that an ISO boots from as a CD. @returns `bios`, `uefi`, both, or none without a boot record */
export async function bootPlatforms(view: ByteView): Promise<string[]> {
  if (view.size < RECORD + SECTOR) return [];
  const record = await view.read(RECORD, SECTOR);
  if (record.readUInt8(0) !== 0 || record.toString('latin1', 7, 7 + ID.length) !== ID) return [];
  const start = record.readUInt32LE(CATALOG) * SECTOR;
  if (start + SECTOR > view.size) return [];
  const catalog = await view.read(start, SECTOR);
  const found = new Set<string>();
  const note = (platform: number, at: number) => {
    const name = PLATFORMS[platform];
    if (catalog.readUInt8(at) === BOOTABLE && name !== undefined) found.add(name);
  };
  note(catalog.readUInt8(1), ENTRY);
  for (let at = 2 * ENTRY; at + 2 * ENTRY <= SECTOR; at += ENTRY) {
    const mark = catalog.readUInt8(at);
    if (mark === SECTION || mark === LAST_SECTION) note(catalog.readUInt8(at + 1), at + ENTRY);
  }
  return [...found];
}
