import { parse, stringify } from 'yaml';
import { PERSISTENT_FILE } from '../../common/contract/partition-files.ts';
import type { Host } from '../../common/host/host.ts';

/** Events that `.kairos-state` at the root of the persistent partition records (docs/contract.md 1.4). */
export type Event = 'first-install' | 'last-active-upgrade' | 'last-recovery-upgrade' | 'last-reset';

const SOURCE_KEY: Readonly<Record<Event, string>> = {
  'first-install': 'first-install-source',
  'last-active-upgrade': 'last-active-source',
  'last-recovery-upgrade': 'last-recovery-source',
  'last-reset': 'last-reset-source',
};

/**
 * Records an event with its time (RFC 3339) and the source of the system. A file that cannot be read is renamed to `.bak`
 * and replaced.
 * @param persistent mount point of the persistent partition
 */
export async function noteEvent(
  host: Host,
  persistent: string,
  { event, source }: { readonly event: Event; readonly source: string },
): Promise<void> {
  const file = `${persistent}/${PERSISTENT_FILE.history}`;
  const state = { ...(await readNodeState(host, file)) };
  state[event] = host
    .now()
    .toISOString()
    .replace(/\.\d+Z$/, 'Z');
  state[SOURCE_KEY[event]] = source;
  const known = Object.keys(SOURCE_KEY) as Event[];
  for (const key of known) state[key] ??= 'never';
  await host.write(file, stringify(state));
}

/** Reads the events that a file records; empty when it does not exist or is damaged. */
export async function readHistory(host: Host, file: string): Promise<Readonly<Record<string, string>>> {
  return historyIn((await host.readText(file)) ?? '') ?? {};
}

function historyIn(text: string): Record<string, string> | undefined {
  try {
    const state: unknown = parse(text);
    if (typeof state !== 'object' || state === null || Array.isArray(state)) return undefined;
    return Object.fromEntries(Object.entries(state).map(([key, value]) => [key, String(value)]));
  } catch {
    return undefined;
  }
}

async function readNodeState(host: Host, file: string): Promise<Record<string, string>> {
  const text = await host.readText(file);
  if (text === undefined) return {};
  const state = historyIn(text);
  if (state !== undefined) return state;
  host.log('warn', `${file} cannot be parsed; it was renamed to ${file}.bak`);
  await host.rename(file, `${file}.bak`);
  return {};
}
