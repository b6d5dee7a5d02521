import { requireMenuVariables } from '../../common/cloud-config/menu-variables.ts';
import { hasAdmin } from '../../common/cloud-config/rules.ts';
import { LABEL } from '../../common/contract/labels.ts';
import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { PERSISTENT_FILE, SLOT_FILE } from '../../common/contract/partition-files.ts';
import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { formatSource, parseSource } from '../../common/oci/layers/source.ts';
import type { AgentContext } from '../commands/agent-command.ts';
import { applyEnvironment } from '../config/environment.ts';
import { reportUnsupportedKeys } from '../config/unsupported.ts';
import { installBundle } from '../extensions/install-bundle.ts';
import { runStage } from '../stages/run-stage.ts';
import { type AdmittedSource, admitSource } from '../trust/admit-source.ts';
import { configuredKey } from '../trust/configured-key.ts';
import { noteActiveSlot } from './assessment.ts';
import { type BootPlaces, placeBootLoader } from './boot-loader.ts';
import { finish } from './finish.ts';
import { runBeforeStage, runInNewSystem, runOuterHook } from './hooks.ts';
import { type InstallOptions, installOptions } from './install-options.ts';
import { existingTarget, prepareDisk, type TargetPartition } from './install-target.ts';
import { hasLiveRecovery, takeLiveRecovery } from './live-recovery.ts';
import { setMenuName } from './menu-name.ts';
import { checkpoint, MOUNT_ROOT, mount, mountWritable } from './mounts.ts';
import { noteEvent } from './node-state.ts';
import { writeOemFiles } from './oem-files.ts';
import { createProgress } from './progress.ts';
import { copyImage, makeSlot, type SlotOptions, slotSize } from './slot.ts';

/** A request to install a node. */
export interface InstallRequest {
  /** The merged configuration. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The configuration that the node keeps, with its header (docs/contract.md 1.4: `90_custom.yaml`). */
  readonly configText: string;
  /** Overrides `install.device`. */
  readonly device?: string;
  /** Overrides `install.source`. */
  readonly source?: string;
  /** Overrides `install.allow-insecure-registries`. */
  readonly insecure?: boolean;
  /** Skip the trust policy. */
  readonly skipVerify?: boolean;
  /** Overrides `install.reboot` and `install.poweroff`. */
  readonly finish?: 'reboot' | 'poweroff';
  /** Report progress as JSON lines. */
  readonly json?: boolean;
}

/** The tree of the live medium, without the changes of the live system (docs/contract.md 3.4). */
const LIVE_ROOT = `dir:${NODE_PATH.liveRoot}`;

/**
 * Installs a node (docs/contract.md 5.3): partitions, slots, boot loader, configuration. Until the last step, the disk
 * boots into a message that the installation was interrupted.
 * @throws FactoryError `usage` before anything is written, `step` or `verification` afterwards
 */
export async function runInstall(context: AgentContext, request: InstallRequest): Promise<void> {
  const { host } = context;
  reportUnsupportedKeys(host, request.config, 'install');
  requireMenuVariables(request.config, 'install');
  applyEnvironment(host, request.config, 'install');
  const configured = installOptions(request.config);
  const options = { ...configured, insecure: request.insecure ?? configured.insecure };
  await needAdministrator(host, request.config, options);
  const progress = createProgress(context, request);
  await runOuterHook(host, 'install', 'pre');

  progress.step('partition', 'Checking the source and the disk');
  const admit = await admission(host, request, options);
  const source = await admit(request.source ?? options.source ?? LIVE_ROOT);
  const { recoverySource: wanted } = options;
  const recoverySource = wanted === undefined ? undefined : await admit(wanted);
  const { mib } = await slotSize(host, source, { mib: options.systemMib, insecure: options.insecure });
  // A step can veto here, before anything is overwritten.
  await runBeforeStage(host, 'install');
  const target = options.noFormat
    ? await existingTarget(host, request.device ?? options.device)
    : await prepareDisk(host, options, {
        wanted: request.device ?? options.device,
        imageMib: mib,
        progress,
      });

  await using stack = new AsyncDisposableStack();
  // Partitions that were prepared in advance may already be mounted.
  const open = async (name: TargetPartition) =>
    stack.use(await mountWritable(host, target.device(name), name));
  const state = await open('state');
  const recovery = await open('recovery');
  const oem = await open('oem');
  const persistent = await open('persistent');
  const esp = await open('efi');
  const places: BootPlaces = {
    state: state.path,
    esp: esp.path,
    ...(target.bios === undefined ? {} : { bios: target.bios }),
  };
  progress.step('before-install', 'Writing the boot loader');
  await placeBootLoader(host, '/', { ...places, menu: 'interrupted' });

  progress.step('active', `Writing the system to ${target.device('state')}`);
  const active = `${state.path}/${SLOT_FILE.active}`;
  const slot = {
    staging: `${state.path}/${SLOT_FILE.download}`,
    extraDirectories: options.extraDirectories,
    origin: { by: 'install' } as const,
    progress,
  };
  const { insecure } = options;
  await makeSlot(host, { ...slot, source, file: active, label: LABEL.active, mib, insecure });
  await writeOemFiles(host, oem.path, { options, configText: request.configText });
  await runInNewSystem(host, active, {
    operation: 'install',
    mounts: { oem: oem.path, persistent: persistent.path },
    prepare: (root) => setMenuName(host, { root, state: state.path, name: options.menuEntry }),
  });

  progress.step('recovery', 'Writing the recovery system');
  await writeRecovery(host, { ...slot, directory: recovery.path, active, source: recoverySource, insecure });
  progress.step('passive', 'Writing the passive system');
  await copyImage(host, {
    source: active,
    file: `${state.path}/${SLOT_FILE.passive}`,
    label: LABEL.passive,
  });

  progress.step('after-install', 'Finishing');
  await installBundles(host, options);
  await noteEvent(host, persistent.path, { event: 'first-install', source: formatSource(source) });
  await runStage(host, 'after-install', {});
  await keepLogs(host, persistent.path);
  progress.step('bootloader', 'Writing the boot menu of the new system');
  {
    // The menu is written last, when everything is on the disk, also what stages and bundles wrote: from here on, the disk
    // boots the node.
    for (const { path } of [oem, persistent, recovery, state]) await checkpoint(host, path);
    await using image = await mount(host, active, {
      path: `${MOUNT_ROOT}/new-system`,
      options: ['loop', 'ro'],
    });
    await noteActiveSlot(host, state.path);
    await placeBootLoader(host, image.path, places);
  }
  await stack.disposeAsync();
  await runOuterHook(host, 'install', 'after');
  progress.step('done', 'The installation is complete');
  await finish(host, { action: request.finish ?? options.finish, ejectMedium: options.ejectMedium });
}

/** @throws FactoryError `usage` when no user could administer the node (docs/contract.md 4.3) */
async function needAdministrator(
  host: Host,
  config: InstallRequest['config'],
  options: InstallOptions,
): Promise<void> {
  if (hasAdmin(config) || options.noUsers || (await host.stat(NODE_PATH.noUsers)) !== undefined) return;
  throw new FactoryError('CLOUD_CONFIG_INVALID', 'the configuration has no user in the group admin', {
    remedy: 'Add one under "users" with "groups: [admin]", or set install.nousers.',
  });
}

/** Admits the sources of an installation before the disk is touched. */
async function admission(
  host: Host,
  { config, skipVerify }: InstallRequest,
  { insecure }: InstallOptions,
): Promise<(source: string) => Promise<AdmittedSource>> {
  const also = await configuredKey(host, config);
  return (source) => admitSource(host, parseSource(source), { skip: skipVerify, insecure, pin: true, also });
}

interface RecoverySlot
  extends Pick<SlotOptions, 'staging' | 'extraDirectories' | 'origin' | 'progress' | 'insecure'> {
  /** A recovery system of its own. */
  readonly source: AdmittedSource | undefined;
  /** Mount point of the recovery partition. */
  readonly directory: string;
  /** Image file of the active system. */
  readonly active: string;
}

async function writeRecovery(
  host: Host,
  { directory, active, source, ...slot }: RecoverySlot,
): Promise<void> {
  const file = `${directory}/${SLOT_FILE.recovery}`;
  if (source !== undefined) await makeSlot(host, { ...slot, source, file, label: LABEL.recoverySystem });
  else if (await hasLiveRecovery(host)) await takeLiveRecovery(host, { ...slot, directory });
  else await copyImage(host, { source: active, file, label: LABEL.recoverySystem });
}

async function installBundles(host: Host, options: InstallOptions): Promise<void> {
  for (const bundle of options.bundles) {
    try {
      await installBundle(host, bundle);
    } catch (error) {
      if (options.failOnBundles) throw error;
      host.log('warn', `bundle: ${messageOf(error)}`);
    }
  }
}

/** Copies the log of this installation to the new system (docs/contract.md 5.3). */
async function keepLogs(host: Host, persistent: string): Promise<void> {
  const store = `${persistent}/${PERSISTENT_FILE.logs}/kairos`;
  await host.makeDirectory(store);
  for (const name of await host.list('/var/log/kairos')) {
    await host.run('cp', [`/var/log/kairos/${name}`, `${store}/install-${name}`], { allowFailure: true });
  }
}
