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
import { reportUnsupportedKeys } from '../config/unsupported.ts';
import { runStage } from '../stages/run-stage.ts';
import { passAssessment } from './assessment.ts';
import { biosPartition, findByLabel, needLabel } from './block-device.ts';
import { placeBootLoader } from './boot-loader.ts';
import { boolean, imageSource, strings, text, tree } from './config-values.ts';
import { finish } from './finish.ts';
import { runInNewSystem } from './hooks.ts';
import { lockNode } from './lock.ts';
import { setMenuName } from './menu-name.ts';
import { checkpoint, MOUNT_ROOT, mount, mountWritable } from './mounts.ts';
import { noteEvent } from './node-state.ts';
import { createProgress } from './progress.ts';
import { copyImage, makeSlot } from './slot.ts';

/** What is asked of a reset. */
export interface ResetRequest {
  /** The merged configuration. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Empties OEM too, and with it the node's configuration. */
  readonly resetOem?: boolean;
  readonly source?: string;
  readonly finish?: 'reboot' | 'poweroff';
  readonly json?: boolean;
}

/** The tree of a recovery system that is a squashfs (docs/contract.md 2.5). */
const LIVE_ROOT = NODE_PATH.liveRoot;

/**
 * Makes a node as it was after its installation (docs/contract.md 5.5): the slots from the recovery system, an empty
 * persistent partition. A power cut on the way leads back here: the boot menu is told to start the reset again.
 * @throws FactoryError `usage` when the node did not boot its recovery system
 */
export async function runReset(context: AgentContext, request: ResetRequest): Promise<void> {
  const { host } = context;
  const booted = await bootState(host);
  if (booted !== 'recovery_boot' && booted !== 'autoreset_boot') {
    throw new FactoryError('NODE_NOT_READY', 'a node can be reset from its recovery system only', {
      remedy: 'Run "kairos-agent bootentry --select statereset" and restart.',
    });
  }
  reportUnsupportedKeys(host, request.config, 'reset');
  const reset = tree(request.config['reset']);
  const resetOem = request.resetOem ?? boolean(reset['reset-oem']);
  const resetPersistent = reset['reset-persistent'] !== false;
  const progress = createProgress(context, request.json);
  await using _lock = await lockNode(host);
  await using recovery = await mountWritable(host, await needLabel(host, LABEL.recovery), 'recovery');
  const source = await resetSource(host, recovery.path, request.source ?? imageSource(reset['system']));
  await runStage(host, 'before-reset', {});
  await chooseNextBoot(host, 'statereset');

  progress.step('active', `Writing the system from ${formatSource(source)}`);
  {
    const device = await needLabel(host, LABEL.state);
    await using state = await openState(host, device);
    const [active, passive] = [`${state.path}/${SLOT_FILE.active}`, `${state.path}/${SLOT_FILE.passive}`];
    const transition = `${state.path}/${SLOT_FILE.transition}`;
    await makeSlot(host, {
      source,
      file: transition,
      label: LABEL.active,
      staging: `${state.path}/${SLOT_FILE.download}`,
      extraDirectories: strings(reset['extra-dirs-rootfs']),
      progress,
    });
    await runInNewSystem(host, transition, 'reset', {}, (root) =>
      setMenuName(host, root, state.path, text(reset['grub-entry-name'])),
    );
    await checkpoint(host, state.path);
    await host.rename(transition, active);
    await checkpoint(host, state.path);
    progress.step('passive', 'Writing the passive system');
    await copyImage(host, active, passive, LABEL.passive);
    progress.step('bootloader', 'Placing the boot loader');
    await resetBootLoader(host, active, state.path, device);
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

/** A state partition that cannot be mounted any more is made anew: everything on it is about to be replaced. */
async function openState(host: Host, device: string) {
  try {
    return await mountWritable(host, device, 'state');
  } catch (error) {
    host.log('warn', `the state partition cannot be mounted, so it is made anew: ${String(error)}`);
    await host.run('mke2fs', [...extOptions('ext4', LABEL.state), '-m', '0', device]);
    return mountWritable(host, device, 'state');
  }
}

async function resetBootLoader(host: Host, active: string, state: string, device: string): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const image = stack.use(await mount(host, active, `${MOUNT_ROOT}/new-system`, ['loop', 'ro']));
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
  // OEM is mounted in a recovery system, too.
  await host.run('umount', ['--all-targets', device], { allowFailure: true });
  const growing = label === LABEL.persistent;
  await host.run('mke2fs', [...extOptions('ext4', label, { growing }), '-m', growing ? '5' : '0', device]);
  if (label !== LABEL.oem) return;
  await using oem = await mount(host, device, NODE_PATH.oem);
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
  await noteEvent(host, persistent.path, 'last-reset', source);
}
