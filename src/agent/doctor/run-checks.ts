import type { Host } from '../../common/host/host.ts';
import { bootState } from '../config/boot-state.ts';
import { type Collected, collectConfig } from '../config/collect.ts';
import type { Check, CheckContext, Finding } from './check.ts';
import { failed } from './failed.ts';

/** A finding and its check. */
export interface Reported extends Finding {
  readonly check: string;
}

/**
 * Runs the checks that make sense on this machine, one after the other, because some mount the same partitions.
 * @param chosen ids; all checks but those that leave the machine when it is empty
 */
export async function runChecks(
  host: Host,
  checks: readonly Check[],
  { chosen }: { readonly chosen: readonly string[] },
): Promise<Reported[]> {
  const isLive = (await bootState(host)) === 'livecd_boot';
  const wanted = checks.filter(({ id, on, onlyByName = false }) =>
    chosen.length > 0 ? chosen.includes(id) : !onlyByName && (on === 'any' || !isLive),
  );
  let config: Promise<Collected> | undefined;
  // What cannot be read is a finding; it need not be logged as well.
  const quiet: Host = { ...host, log: (_, message) => host.log('debug', message) };
  const context: CheckContext = {
    host: quiet,
    config: () => {
      config ??= collectConfig(quiet, { fetch: 'never' });
      return config;
    },
  };
  const reported: Reported[] = [];
  for (const check of wanted) {
    const findings = await check.run(context).catch((error: unknown) => [failed(error)]);
    reported.push(...findings.map((finding) => ({ check: check.id, ...finding })));
  }
  return reported;
}
