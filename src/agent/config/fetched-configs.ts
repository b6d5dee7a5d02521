import { createHash } from 'node:crypto';
import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { messageOf } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';

/** Configurations may contain passwords. */
const PRIVATE = 0o600;
/** Milliseconds for which a failure is remembered, so that one dead server does not delay every reader of a boot again. */
const MEMORY = 2 * 60_000;

/**
 * Returns a configuration that was fetched earlier in this boot (docs/contract.md 4.2). The directory is in RAM, so it does
 * not survive a reboot.
 * @param address the URL, with its digest if it has one
 */
export async function readFetched(host: Host, address: string): Promise<string | undefined> {
  return host.readText(`${placeOf(address)}.yaml`).catch(() => undefined);
}

/** Keeps a configuration for the rest of the boot. Never throws: without a copy, it is fetched again. */
export async function keepFetched(host: Host, address: string, text: string): Promise<void> {
  await write(host, `${placeOf(address)}.yaml`, text);
  await host.remove(`${placeOf(address)}.failed`).catch(() => undefined);
}

/** Notes that a configuration could not be fetched just now. */
export async function noteFailure(host: Host, address: string): Promise<void> {
  await write(host, `${placeOf(address)}.failed`, String(host.now().getTime()));
}

/** Whether a configuration could not be fetched within the last two minutes. */
export async function failedJustNow(host: Host, address: string): Promise<boolean> {
  const noted = await host.readText(`${placeOf(address)}.failed`).catch(() => undefined);
  // The clock of a machine jumps when it learns the time.
  return noted !== undefined && Math.abs(host.now().getTime() - Number(noted)) < MEMORY;
}

async function write(host: Host, path: string, text: string): Promise<void> {
  try {
    await host.makeDirectory(NODE_PATH.fetchedConfigs, 0o700);
    await host.write(path, text, { mode: PRIVATE });
  } catch (error) {
    host.log('debug', `${path} cannot be written: ${messageOf(error)}`);
  }
}

function placeOf(address: string): string {
  return `${NODE_PATH.fetchedConfigs}/${createHash('sha256').update(address).digest('hex')}`;
}
