import type { Host } from '../../common/host/host.ts';
import { findRow } from './account-table.ts';

/** Readable by root and the group shadow only (shadow(5), Debian's base-passwd). */
const SECRET = /shadow-?$/;

/**
 * Writes an account file if its content changed, keeping mode and owner. A new file that holds passwords gets mode 0640
 * and the group shadow, where that exists.
 */
export async function writeTable(
  host: Host,
  path: string,
  { before, after }: { readonly before: string | undefined; readonly after: string },
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
