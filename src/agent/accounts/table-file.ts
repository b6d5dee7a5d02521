import type { Host } from '../../common/host/host.ts';
import { findRow } from './account-table.ts';

/** Readable by root and the group shadow only (shadow(5), Debian's base-passwd). */
const SECRET = /shadow-?$/;

/**
 * Writes a table of accounts when it changed, with the mode and owner of the old file. A new one that holds passwords is
 * 0640 and belongs to the group shadow where there is one.
 */
export async function writeTable(
  host: Host,
  path: string,
  before: string | undefined,
  after: string,
): Promise<void> {
  if (before === after) return;
  const old = await host.stat(path);
  if (old !== undefined) {
    await host.write(path, after, { mode: old.mode, uid: old.uid, gid: old.gid });
    return;
  }
  if (!SECRET.test(path)) {
    await host.write(path, after);
    return;
  }
  const shadow = findRow((await host.readText('/etc/group')) ?? '', 'shadow')?.[2];
  await host.write(path, after, { mode: 0o640, uid: 0, gid: Number(shadow ?? 0) });
}
