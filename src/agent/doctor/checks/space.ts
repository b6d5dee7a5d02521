import { LABEL } from '../../../common/contract/labels.ts';
import { NODE_PATH } from '../../../common/contract/node-paths.ts';
import { SLOT_FILE } from '../../../common/contract/partition-files.ts';
import type { Host } from '../../../common/host/host.ts';
import { findByLabel } from '../../deploy/find-by-label.ts';
import { mountReadable } from '../../deploy/mounts.ts';
import { freeMib } from '../../deploy/slot.ts';
import { type Check, type Finding, failure, ok, warning } from '../check.ts';

/** Free MiB below which data partitions are a warning, and a failure. */
const LIMITS: Readonly<Record<string, readonly [warning: number, failure: number]>> = {
  [NODE_PATH.oem]: [8, 1],
  [NODE_PATH.persistent]: [512, 32],
};
const BYTES_IN_BLOCKS_OF_DU = 1024;

/** There is room for data, and for an upgrade. */
export const spaceCheck: Check = {
  id: 'space',
  on: 'node',
  run: async ({ host }) => [
    ...(await Promise.all(Object.keys(LIMITS).map((path) => dataRoom(host, path)))),
    ...(await upgradeRoom(host)),
  ],
};

async function dataRoom(host: Host, path: string): Promise<Finding> {
  const [warn, fail] = LIMITS[path] ?? [0, 0];
  const free = await freeMib(host, path);
  const text = `${path}: ${free} MiB are free`;
  const remedy = `Find what takes the room with "du -xh ${path} | sort -h | tail".`;
  return free < fail ? failure(text, remedy) : free < warn ? warning(text, remedy) : ok(text);
}

/** An upgrade writes the new system beside the two that are there. */
async function upgradeRoom(host: Host): Promise<Finding[]> {
  const device = await findByLabel(host, LABEL.state);
  if (device === undefined) return [];
  await using state = await mountReadable(host, device, 'state');
  const used = await usedMib(host, `${state.path}/${SLOT_FILE.active}`);
  const free = await freeMib(host, state.path);
  const text = `${LABEL.state}: ${free} MiB are free, and the active system takes ${used} MiB`;
  if (free >= used) return [ok(text)];
  const remedy =
    'An upgrade to a system of this size will not fit: reinstall with a larger install.partitions.state.';
  return [warning(text, remedy)];
}

/** The room that a sparse image takes. */
async function usedMib(host: Host, image: string): Promise<number> {
  const { stdout } = await host.run('du', ['-k', image], { allowFailure: true });
  return Math.ceil((Number.parseInt(stdout, 10) || 0) / BYTES_IN_BLOCKS_OF_DU);
}
