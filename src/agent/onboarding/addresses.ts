import { z } from 'zod';
import type { Host } from '../../common/host/host.ts';

/** The output of `ip -json address` (ip-address(8)). */
const Links = z.array(
  z.looseObject({
    ifname: z.string().default(''),
    flags: z.array(z.string()).default([]),
    addr_info: z
      .array(
        z.looseObject({ local: z.string().optional(), scope: z.string().optional(), family: z.string() }),
      )
      .default([]),
  }),
);

/** The global addresses of this machine, IPv4 first; none without a network or without `ip`. */
export async function globalAddresses(host: Host): Promise<string[]> {
  if (!(await host.has('ip'))) return [];
  const { stdout, status } = await host.run('ip', ['-json', 'address'], { allowFailure: true });
  if (status !== 0) return [];
  const found = Links.parse(JSON.parse(stdout))
    .filter(({ flags }) => !flags.includes('LOOPBACK'))
    .flatMap(({ addr_info: infos }) => infos)
    .filter(({ scope, local }) => scope === 'global' && local !== undefined)
    .sort((a, b) => a.family.localeCompare(b.family));
  return [...new Set(found.map(({ local }) => local ?? ''))];
}
