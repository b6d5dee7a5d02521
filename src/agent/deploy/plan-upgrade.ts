import { LABEL } from '../../common/contract/labels.ts';
import { SLOT_FILE } from '../../common/contract/partition-files.ts';
import { MIB } from '../../common/contract/partitions.ts';
import type { Host } from '../../common/host/host.ts';
import { formatSource } from '../../common/oci/layers/source.ts';
import type { AgentContext } from '../commands/agent-command.ts';
import { bootState } from '../config/boot-state.ts';
import { admitUpgrade, readyOptions } from './admit-upgrade.ts';
import { assessment } from './assessment.ts';
import { needLabel } from './find-by-label.ts';
import { mountReadable } from './mounts.ts';
import { freeMib, slotSize } from './slot.ts';
import { systemName, type UpgradeOptions, type UpgradeRequest } from './upgrade-options.ts';

/** What an upgrade would do. Sizes are in MiB. */
interface UpgradePlan {
  readonly system: 'active' | 'recovery';
  /** With the digest of an image. */
  readonly source: string;
  /** The version that an image states; absent for other sources. */
  readonly version?: string;
  readonly download: number;
  readonly content: number;
  readonly image: number;
  readonly free: number;
  readonly enough: boolean;
  /** What becomes of the passive system: it stays, or the active one replaces it. */
  readonly passive: 'stays' | 'replaced';
}

/**
 * Resolves and verifies the source of an upgrade, and prints what the upgrade would do. Nothing is changed.
 * @throws FactoryError as `runUpgrade` before it writes
 */
export async function planUpgrade({ host, out }: AgentContext, request: UpgradeRequest): Promise<void> {
  const options = readyOptions(host, request);
  const source = await admitUpgrade(host, request, options);
  const room = await roomFor(host, options);
  const { systemMib: wanted, insecure } = options;
  const size = await slotSize(host, source, { mib: Math.max(wanted, room.current), insecure });
  const plan: UpgradePlan = {
    system: options.recovery ? 'recovery' : 'active',
    source: formatSource(source),
    ...(size.version === undefined ? {} : { version: size.version }),
    download: size.compressed,
    content: size.content,
    image: size.mib,
    free: room.free,
    enough: room.free >= size.content,
    passive: room.keepsPassive ? 'stays' : 'replaced',
  };
  if (request.json) out(`${JSON.stringify(plan, null, 2)}\n`);
  else out(render(plan, options));
}

/** The room on the partition of the slot, the size of the image there, and whether the passive image would stay. */
async function roomFor(host: Host, { recovery }: UpgradeOptions) {
  const label = recovery ? LABEL.recovery : LABEL.state;
  await using partition = await mountReadable(
    host,
    await needLabel(host, label),
    recovery ? 'recovery' : 'state',
  );
  const image = `${partition.path}/${recovery ? SLOT_FILE.recovery : SLOT_FILE.active}`;
  const current = Math.ceil(((await host.stat(image))?.size ?? 0) / MIB);
  const free = await freeMib(host, partition.path);
  const isPassive = (await bootState(host)) === 'passive_boot';
  const keepsPassive = recovery || isPassive || (await assessment(host, partition.path)).tentative;
  return { current, free, keepsPassive };
}

function render(plan: UpgradePlan, options: UpgradeOptions): string {
  const { source, version = 'not stated', download, content, image, free, enough } = plan;
  const room = enough ? 'enough' : `NOT ENOUGH: free ${content - free} MiB first`;
  return [
    `The ${systemName(options)} would be upgraded from ${source}`,
    `  version  ${version}`,
    `  reads    at most ${download} MiB`,
    `  writes   ${content} MiB, to an image of ${image} MiB`,
    `  room     ${free} MiB are free: ${room}`,
    ...consequences(plan),
    'Nothing was changed.',
    '',
  ].join('\n');
}

function consequences({ system, passive }: UpgradePlan): string[] {
  if (system === 'recovery') return ['The recovery system is replaced; the running system stays as it is.'];
  return [
    passive === 'stays'
      ? 'The active system is replaced. The passive one stays, because it is the one that works.'
      : 'The active system becomes the passive one.',
    'The new system starts at the next boot. If that boot fails, the one after it starts the passive system.',
  ];
}
