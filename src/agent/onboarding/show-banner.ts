import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { parseOsRelease } from '../../common/contract/os-release.ts';
import type { Host } from '../../common/host/host.ts';
import { globalAddresses } from './addresses.ts';
import { renderBanner } from './banner.ts';

/** agetty(8) shows this file above the login prompt of every terminal. */
const ISSUE = '/run/issue.d/50-kairos-live.issue';

/**
 * Shows the banner on all consoles, and updates it when the addresses have changed.
 * @param shown the return value of the previous call
 * @returns the addresses in the banner, separated by spaces
 */
export async function showBanner(host: Host, shown?: string): Promise<string> {
  const addresses = await globalAddresses(host);
  const state = addresses.join(' ');
  if (state === shown) return state;
  const release = parseOsRelease((await host.readText(NODE_PATH.release)) ?? '');
  const system = `${release.get('KAIROS_NAME') ?? 'kairos'} ${release.get('KAIROS_VERSION') ?? ''}`.trim();
  // agetty would interpret a backslash as an escape.
  await host.write(ISSUE, renderBanner({ system, addresses }).replaceAll('\\', '\\\\'));
  await host.run('agetty', ['--reload'], { allowFailure: true });
  return state;
}
