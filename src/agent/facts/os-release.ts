import { parseOsRelease } from '../../common/contract/os-release.ts';
import type { Host } from '../../common/host/host.ts';
import { readFact } from './read.ts';

/** Keys of `/etc/os-release`, or of its other place, without quotes (os-release(5)); none when there is no such file. */
export async function osRelease(host: Host): Promise<ReadonlyMap<string, string>> {
  const text =
    (await readFact(host, '/etc/os-release')) ?? (await readFact(host, '/usr/lib/os-release')) ?? '';
  return parseOsRelease(text);
}
