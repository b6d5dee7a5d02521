import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { parseOsRelease } from '../../common/contract/os-release.ts';
import type { Host } from '../../common/host/host.ts';
import { writeIssue } from '../host/write-issue.ts';
import { globalAddresses } from './addresses.ts';
import { renderBanner } from './banner.ts';

/** What the banner depends on, apart from the machine. */
export interface BannerOptions {
  /** The return value of the previous call. */
  readonly shown?: string | undefined;
  /** Mistakes of the configuration that keep the installation from starting. */
  readonly mistakes?: readonly string[];
}

/**
 * Shows the banner on all consoles, and updates it when the addresses or the mistakes have changed.
 * @returns what the banner shows, to compare with
 */
export async function showBanner(host: Host, { shown, mistakes = [] }: BannerOptions = {}): Promise<string> {
  const addresses = await globalAddresses(host);
  const state = [addresses.join(' '), ...mistakes].join('\n');
  if (state === shown) return state;
  const release = parseOsRelease((await host.readText(NODE_PATH.release)) ?? '');
  const system = `${release.get('KAIROS_NAME') ?? 'kairos'} ${release.get('KAIROS_VERSION') ?? ''}`.trim();
  await writeIssue(host, '50-kairos-live.issue', renderBanner({ system, addresses, mistakes }));
  await host.run('agetty', ['--reload'], { allowFailure: true });
  return state;
}
