import { basename, dirname, join } from 'node:path';
import type { Host } from '../../common/host/host.ts';

/** The files that every new home begins with (useradd(8), `--skel`). */
const SKELETON = '/etc/skel';
/** For the owner only, unless login.defs(5) says otherwise by HOME_MODE. */
const HOME_MODE = 0o700;

/** An account as far as its home goes. */
export interface Resident {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** The resident of a row of passwd(5). */
export function residentOf(row: readonly string[]): Resident {
  return { uid: Number(row[2]), gid: Number(row[3]), home: row[5] ?? '/' };
}

/**
 * Makes the home of an account from the skeleton, unless it is there. It appears under its name when all of it is
 * written. A home that is there is not gone through: files keep their owners (docs/contract.md 4.7). Only one that is
 * empty and root's, as an image may have it, is handed over.
 */
export async function ensureHome(host: Host, { uid, gid, home }: Resident): Promise<void> {
  const there = await host.stat(home);
  if (there === undefined) {
    const fresh = join(dirname(home), `.${basename(home)}.unfinished`);
    await host.remove(fresh);
    await host.makeDirectory(dirname(home));
    await host.makeDirectory(fresh, HOME_MODE);
    await fillHome(host, fresh, uid, gid);
    await host.rename(fresh, home);
    return;
  }
  if (there.kind !== 'directory' || there.uid === uid) return;
  if (there.uid === 0 && (await host.list(home)).length === 0) {
    await fillHome(host, home, uid, gid);
    return;
  }
  host.log('warn', `${home} belongs to ${there.uid}, not to ${uid}: correct it with chown -R ${uid} ${home}`);
}

async function fillHome(host: Host, home: string, uid: number, gid: number): Promise<void> {
  await copyTree(host, SKELETON, home, uid, gid);
  await host.chmod(home, await homeMode(host));
  await host.chown(home, uid, gid);
}

async function copyTree(host: Host, from: string, to: string, uid: number, gid: number): Promise<void> {
  for (const name of await host.list(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    const stat = await host.stat(source, { follow: false });
    if (stat?.kind === 'directory') {
      await host.makeDirectory(target, stat.mode);
      await copyTree(host, source, target, uid, gid);
    } else if (stat?.kind === 'link') {
      await host.link(await host.readLink(source), target);
    } else if (stat?.kind === 'file') {
      await host.write(target, (await host.readBytes(source)) ?? '', { mode: stat.mode });
    } else continue;
    await host.chown(target, uid, gid);
  }
}

async function homeMode(host: Host): Promise<number> {
  const definitions = (await host.readText('/etc/login.defs')) ?? '';
  const mode = /^\s*HOME_MODE\s+([0-7]{3,4})\b/m.exec(definitions)?.[1];
  return mode === undefined ? HOME_MODE : Number.parseInt(mode, 8);
}
