import { parseOsRelease } from '../../common/contract/os-release.ts';
import type { Host } from '../../common/host/host.ts';
import { readFact } from './read.ts';

/** Reads the unquoted values of `/etc/os-release` or `/usr/lib/os-release` (os-release(5)); empty when neither exists. */
export async function osRelease(host: Host): Promise<ReadonlyMap<string, string>> {
  const text =
    (await readFact(host, '/etc/os-release')) ?? (await readFact(host, '/usr/lib/os-release')) ?? '';
  return parseOsRelease(text);
}
