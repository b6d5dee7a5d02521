import { requireMenuVariables } from '../../common/cloud-config/menu-variables.ts';
import { extOptions } from '../../common/contract/filesystems.ts';
import { grubEnvironment } from '../../common/contract/grub-environment.ts';
import { LABEL } from '../../common/contract/labels.ts';
import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { OEM_FILE, SLOT_FILE } from '../../common/contract/partition-files.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { formatSource, parseSource, type Source } from '../../common/oci/layers/source.ts';
import { setGrubVariables } from '../boot/grub-environment-file.ts';
import type { AgentContext } from '../commands/agent-command.ts';
import { bootState } from '../config/boot-state.ts';
import { applyEnvironment } from '../config/environment.ts';
import { reportUnsupportedKeys } from '../config/unsupported.ts';
import { runStage } from '../stages/run-stage.ts';
import { admitSource } from '../trust/admit-source.ts';
import { configuredKey } from '../trust/configured-key.ts';
import { passAssessment } from './assessment.ts';
import { biosPartition } from './block-device.ts';
import { placeBootLoader } from './boot-loader.ts';
import { boolean, imageSource, strings, text, tree } from './config-values.ts';
import { findByLabel, needLabel } from './find-by-label.ts';
import { finish } from './finish.ts';
import { runInNewSystem } from './hooks.ts';
import { lockNode } from './lock.ts';
import { setMenuName } from './menu-name.ts';
import { checkpoint, MOUNT_ROOT, mount, mountWritable } from './mounts.ts';
import { noteEvent } from './node-state.ts';
import { createProgress } from './progress.ts';
import { copyImage, makeSlot } from './slot.ts';

/** A request to reset a node. */
export interface ResetRequest {
  /** The merged configuration. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Also empty the OEM partition, which holds the node's configuration. */
  readonly resetOem?: boolean;
  readonly source?: string;
  /** Skip the trust policy. */
  readonly skipVerify?: boolean;
  readonly finish?: 'reboot' | 'poweroff';
  readonly json?: boolean;
}

/** The tree of a recovery system that boots from a squashfs (docs/contract.md 2.5). */
const LIVE_ROOT = NODE_PATH.liveRoot;

/**
 * Resets a node to its freshly installed state (docs/contract.md 5.5): it writes the slots from the recovery system and
 * empties the persistent partition. After a power cut, the next boot starts the reset again.
 * @throws FactoryError `usage` when the node is not running its recovery system
 */
export async function runReset(context: AgentContext, request: ResetRequest): Promise<void> {
  const { host } = context;
  const booted = await bootState(host);
  if (booted !== 'recovery_boot' && booted !== 'autoreset_boot') {
    throw new FactoryError('NODE_NOT_READY', 'a node can be reset only from its recovery system', {
      remedy: 'Run "kairos-agent bootentry --select statereset" and reboot.',
    });
  }
  reportUnsupportedKeys(host, request.config, 'reset');
  requireMenuVariables(request.config, 'reset');
  applyEnvironment(host, request.config, 'reset');
  const reset = tree(request.config['reset']);
  const resetOem = request.resetOem ?? boolean(reset['reset-oem']);
  const resetPersistent = reset['reset-persistent'] !== false;
  const progress = createProgress(context, request);
  await using _lock = await lockNode(host);
  await using recovery = await mountWritable(host, await needLabel(host, LABEL.recovery), 'recovery');
  const wanted = await resetSource(host, recovery.path, request.source ?? imageSource(reset['system']));
  const also = await configuredKey(host, request.config);
  const source = await admitSource(host, wanted, { skip: request.skipVerify, pin: true, also });
  await runStage(host, 'before-reset', {});
  await chooseNextBoot(host, 'statereset');

  progress.step('active', `Writing the system from ${formatSource(source)}`);
  {
    const device = await needLabel(host, LABEL.state);
    await using state = await openState(host, device);
    const active = `${state.path}/${SLOT_FILE.active}`;
    const passive = `${state.path}/${SLOT_FILE.passive}`;
    const transition = `${state.path}/${SLOT_FILE.transition}`;
    await makeSlot(host, {
      source,
      file: transition,
      label: LABEL.active,
      staging: `${state.path}/${SLOT_FILE.download}`,
      extraDirectories: strings(reset['extra-dirs-rootfs']),
      origin: { by: 'reset' },
      progress,
    });
    await runInNewSystem(host, transition, {
      operation: 'reset',
      prepare: (root) => setMenuName(host, { root, state: state.path, name: text(reset['grub-entry-name']) }),
    });
    await checkpoint(host, state.path);
    await host.rename(transition, active);
    await checkpoint(host, state.path);
    progress.step('passive', 'Writing the passive system');
    await copyImage(host, { source: active, file: passive, label: LABEL.passive });
    progress.step('bootloader', 'Writing the boot loader');
    await resetBootLoader(host, { active, state: state.path, device });
    await passAssessment(host, state.path);
  }
  progress.step(
    'persistent',
    resetPersistent ? 'Emptying the persistent partition' : 'Keeping persistent data',
  );
  if (resetPersistent) await formatLabel(host, LABEL.persistent, 'persistent');
  if (resetOem) await formatLabel(host, LABEL.oem, 'oem');
  await noteReset(host, formatSource(source));
  await runStage(host, 'after-reset', {});
  // Nothing starts the reset again from here on, so what the stage wrote has to be on the disk.
  await host.run('sync', []);
  await chooseNextBoot(host, undefined);
  progress.step('done', 'The node was reset');
  const asked = boolean(reset['poweroff']) ? 'poweroff' : boolean(reset['reboot']) ? 'reboot' : undefined;
  await finish(host, { action: request.finish ?? asked });
}

async function resetSource(host: Host, recovery: string, wanted: string | undefined): Promise<Source> {
  if (wanted !== undefined) return parseSource(wanted);
  const image = `${recovery}/${SLOT_FILE.recovery}`;
  const squashfs = await host.stat(`${recovery}/${SLOT_FILE.recoverySquashfs}`);
  if (squashfs === undefined && (await host.stat(image)) !== undefined) return parseSource(`file:${image}`);
  return parseSource(`dir:${LIVE_ROOT}`);
}

/** Recreates a state partition that cannot be mounted: the reset replaces everything on it. */
async function openState(host: Host, device: string) {
  try {
    return await mountWritable(host, device, 'state');
  } catch (error) {
    host.log('warn', `the state partition cannot be mounted and is formatted again: ${String(error)}`);
    await host.run('mke2fs', [...extOptions('ext4', LABEL.state), '-m', '0', device]);
    return mountWritable(host, device, 'state');
  }
}

interface ResetState {
  /** Image file of the active system. */
  readonly active: string;
  /** Mount point of the state partition. */
  readonly state: string;
  /** Device of the state partition. */
  readonly device: string;
}

async function resetBootLoader(host: Host, { active, state, device }: ResetState): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const image = stack.use(
    await mount(host, active, { path: `${MOUNT_ROOT}/new-system`, options: ['loop', 'ro'] }),
  );
  const efi = await findByLabel(host, LABEL.efi);
  const esp = efi === undefined ? undefined : stack.use(await mountWritable(host, efi, 'efi'));
  const bios = await biosPartition(host, device);
  await placeBootLoader(host, image.path, {
    state,
    ...(esp === undefined ? {} : { esp: esp.path }),
    ...(bios === undefined ? {} : { bios }),
  });
}

async function formatLabel(host: Host, label: string, name: string): Promise<void> {
  const device = await needLabel(host, label);
  // A recovery system also mounts OEM.
  await host.run('umount', ['--all-targets', device], { allowFailure: true });
  const growing = label === LABEL.persistent;
  await host.run('mke2fs', [...extOptions('ext4', label, { growing }), '-m', growing ? '5' : '0', device]);
  if (label !== LABEL.oem) return;
  await using oem = await mount(host, device, { path: NODE_PATH.oem });
  await host.write(`${oem.path}/${OEM_FILE.grubEnvironment}`, grubEnvironment({}));
  host.log('info', `${name} was emptied`);
}

async function chooseNextBoot(host: Host, entry: string | undefined): Promise<void> {
  const device = await findByLabel(host, LABEL.oem);
  if (device === undefined) return;
  await using oem = await mountWritable(host, device, 'oem');
  await setGrubVariables(host, `${oem.path}/${OEM_FILE.grubEnvironment}`, { next_entry: entry });
  await checkpoint(host, oem.path);
}

async function noteReset(host: Host, source: string): Promise<void> {
  await using persistent = await mountWritable(host, await needLabel(host, LABEL.persistent), 'persistent');
  await noteEvent(host, persistent.path, { event: 'last-reset', source });
}
