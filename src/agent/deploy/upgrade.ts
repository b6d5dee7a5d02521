import { LABEL } from '../../common/contract/labels.ts';
import { OEM_FILE, SLOT_FILE } from '../../common/contract/partition-files.ts';
import { MIB } from '../../common/contract/partitions.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { formatSource } from '../../common/oci/layers/source.ts';
import { setGrubVariables } from '../boot/grub-environment-file.ts';
import type { AgentContext } from '../commands/agent-command.ts';
import { bootState } from '../config/boot-state.ts';
import { runStage } from '../stages/run-stage.ts';
import type { AdmittedSource } from '../trust/admit-source.ts';
import { admitUpgrade, readyOptions } from './admit-upgrade.ts';
import { armAssessment, assessment } from './assessment.ts';
import { findByLabel, needLabel } from './find-by-label.ts';
import { finish } from './finish.ts';
import { runInNewSystem } from './hooks.ts';
import { lockNode } from './lock.ts';
import { setMenuName } from './menu-name.ts';
import { checkpoint, mountWritable } from './mounts.ts';
import { noteEvent } from './node-state.ts';
import { createProgress, type Progress } from './progress.ts';
import { makeSlot } from './slot.ts';
import { readSystem, type SlotOrigin } from './slot-origin.ts';
import { systemName, type UpgradeOptions, type UpgradeRequest } from './upgrade-options.ts';

/**
 * Upgrades a slot (docs/contract.md 5.4). The new image is written next to the old ones, checked, and only then renamed to
 * its final name; a power cut at any moment leaves either the old or the new system.
 * @throws FactoryError `usage`, `verification` or `step`; the node stays unchanged
 */
export async function runUpgrade(context: AgentContext, request: UpgradeRequest): Promise<void> {
  const { host } = context;
  const options = readyOptions(host, request);
  const progress = createProgress(context, request);
  await using _lock = await lockNode(host);
  progress.step('verify', `Checking ${options.source}`);
  const source = await admitUpgrade(host, request, options);
  const upgrade: Upgrade = { source, options, progress };
  if (options.recovery) await upgradeRecovery(host, upgrade);
  else await upgradeActive(host, upgrade);
  await noteUpgrade(host, upgrade);
  await runStage(host, 'after-upgrade', {});
  const next = options.recovery || options.finish !== undefined ? '' : '; reboot to start it';
  progress.step('done', `The ${systemName(options)} was upgraded${next}`);
  await finish(host, { action: options.finish });
}

/** An upgrade in progress. */
interface Upgrade {
  /** Verified, and pinned to its digest. */
  readonly source: AdmittedSource;
  readonly options: UpgradeOptions;
  readonly progress: Progress;
}

async function upgradeActive(host: Host, upgrade: Upgrade): Promise<void> {
  const { options, progress } = upgrade;
  await using state = await mountWritable(host, await needLabel(host, LABEL.state), 'state');
  const active = `${state.path}/${SLOT_FILE.active}`;
  const passive = `${state.path}/${SLOT_FILE.passive}`;
  const transition = `${state.path}/${SLOT_FILE.transition}`;
  await runStage(host, 'before-upgrade', {});
  await makeTransition(host, upgrade, {
    partition: state.path,
    file: transition,
    label: LABEL.active,
    current: active,
  });
  await runInNewSystem(host, transition, {
    operation: 'upgrade',
    prepare: (root) => setMenuName(host, { root, state: state.path, name: options.menuEntry }),
  });

  progress.step('swap', 'Activating the new system');
  const { tentative } = await assessment(host, state.path);
  // Armed before the swap: a new system must not boot without assessment.
  await armAssessment(host, state.path);
  await forgetChosenEntry(host);
  const keepsPassive = (await bootState(host)) === 'passive_boot' || tentative;
  await checkpoint(host, state.path);
  if (!keepsPassive && (await host.stat(active)) !== undefined) await host.rename(active, passive);
  await host.rename(transition, active);
  await checkpoint(host, state.path);
  if (!keepsPassive) await host.run('tune2fs', ['-L', LABEL.passive, passive]);
  await host.run('sync', ['-f', active]);
}

async function upgradeRecovery(host: Host, upgrade: Upgrade): Promise<void> {
  await using recovery = await mountWritable(host, await needLabel(host, LABEL.recovery), 'recovery');
  const image = `${recovery.path}/${SLOT_FILE.recovery}`;
  const squashfs = `${recovery.path}/${SLOT_FILE.recoverySquashfs}`;
  const transition = `${recovery.path}/${SLOT_FILE.transition}`;
  await runStage(host, 'before-upgrade', {});
  await makeTransition(host, upgrade, {
    partition: recovery.path,
    file: transition,
    label: LABEL.recoverySystem,
    current: image,
  });
  upgrade.progress.step('swap', 'Making the new system the recovery system');
  await host.rename(transition, image);
  await checkpoint(host, recovery.path);
  // The menu prefers a squashfs, so it is removed once the image is in place.
  await host.remove(squashfs);
  await checkpoint(host, recovery.path);
}

/** The target of a new system. */
interface Transition {
  /** Mount point of the partition. */
  readonly partition: string;
  /** The image file to create. */
  readonly file: string;
  /** Label of its filesystem. */
  readonly label: string;
  /** The image file that it replaces. */
  readonly current: string;
}

async function makeTransition(
  host: Host,
  { source, options, progress }: Upgrade,
  { partition, file, label, current }: Transition,
): Promise<void> {
  const replaced = options.recovery ? undefined : await runningVersion(host);
  progress.step('active', `Writing the new system to ${file}`);
  const size = Math.ceil(((await host.stat(current))?.size ?? 0) / MIB);
  await makeSlot(host, {
    source,
    file,
    label,
    staging: `${partition}/${SLOT_FILE.download}`,
    // Never smaller than the image that it replaces, so that a custom size survives.
    mib: Math.max(options.systemMib, size),
    exclude: options.exclude,
    extraDirectories: options.extraDirectories,
    insecure: options.insecure,
    origin: { by: 'upgrade', ...(replaced && { replaced }) },
    progress,
  });
}

/** The version that runs, for the note in the system that replaces it. */
async function runningVersion(host: Host): Promise<SlotOrigin['replaced']> {
  const { version, origin } = await readSystem(host, '/');
  if (version === undefined) return undefined;
  return { version, ...(origin?.digest && { digest: origin.digest }) };
}

/** Clears a pending choice for the next boot, which would bypass the assessment (docs/contract.md 2.3). */
async function forgetChosenEntry(host: Host): Promise<void> {
  const device = await findByLabel(host, LABEL.oem);
  if (device === undefined) return;
  await using oem = await mountWritable(host, device, 'oem');
  const file = `${oem.path}/${OEM_FILE.grubEnvironment}`;
  if ((await host.stat(file)) !== undefined) await setGrubVariables(host, file, { next_entry: undefined });
}

/** Records the upgrade. A failure here causes a warning and does not fail the upgrade (docs/contract.md 5.4). */
async function noteUpgrade(host: Host, { source, options: { recovery } }: Upgrade): Promise<void> {
  try {
    const device = await findByLabel(host, LABEL.persistent);
    if (device === undefined)
      throw new FactoryError('DEVICE_MISSING', 'the node has no persistent partition');
    await using persistent = await mountWritable(host, device, 'persistent');
    const event = recovery ? 'last-recovery-upgrade' : 'last-active-upgrade';
    await noteEvent(host, persistent.path, { event, source: formatSource(source) });
  } catch (error) {
    host.log('warn', `the upgrade could not be recorded in .kairos-state: ${String(error)}`);
  }
}
