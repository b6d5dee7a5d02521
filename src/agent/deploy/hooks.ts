import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { runStage } from '../stages/run-stage.ts';
import { MOUNT_ROOT, type Mounted, mount } from './mounts.ts';

/** What is being done to the node; hooks and stages are named after it (docs/contract.md 4.5). */
export type Operation = 'install' | 'upgrade' | 'reset';

/** Runs the stage, and the executable hook, that come before or after a whole operation (docs/contract.md 4.5). */
export async function runOuterHook(host: Host, operation: Operation, when: 'pre' | 'after'): Promise<void> {
  if (operation === 'install') await runStage(host, `kairos-install.${when}`, {});
  const hook = `/usr/bin/kairos-agent.${operation}.${when}.hook`;
  if ((await host.stat(hook)) === undefined) return;
  const { status, stdout, stderr } = await host.run(hook, [], { allowFailure: true });
  const lines = `${stdout}${stderr}`.trim();
  if (lines !== '') host.log('info', `${hook}: ${lines}`);
  if (status !== 0) host.log('warn', `${hook} ended with ${status}`);
}

/** Files by which a stage stops an operation before anything is destroyed (docs/contract.md 2.4). */
const VETO = NODE_PATH.failInstallation;

/** Runs `before-OPERATION`. @throws FactoryError `step` when a step of it asked for the installation to be abandoned */
export async function runBeforeStage(host: Host, operation: Operation): Promise<void> {
  await runStage(host, `before-${operation}`, {});
  if (operation === 'install' && (await host.stat(VETO)) !== undefined) {
    throw new FactoryError(
      'INSTALL_VETOED',
      `a step of stage before-install asked to abandon the installation`,
      {
        remedy: `It made ${VETO}; see the log of that stage.`,
      },
    );
  }
}

/** Further filesystems that a new system sees while its stage runs in it. */
export interface ChrootMounts {
  readonly oem?: string;
  readonly persistent?: string;
}

const API_FILESYSTEMS = ['/dev', '/proc', '/sys', '/run'];

/**
 * Runs `after-OPERATION-chroot` inside the new system (docs/contract.md 4.5, 5.3), by its own agent.
 * @param image the slot's image file
 * @param prepare what else is to be done in the mounted tree, before the stage
 */
export async function runInNewSystem(
  host: Host,
  image: string,
  operation: Operation,
  mounts: ChrootMounts,
  prepare: (root: string) => Promise<void>,
): Promise<void> {
  const root = `${MOUNT_ROOT}/new-system`;
  await using stack = new AsyncDisposableStack();
  stack.use(await mount(host, image, root, ['loop']));
  await prepare(root);
  if ((await host.stat(`${root}/usr/bin/kairos-agent`)) === undefined) return;
  const bind = async (source: string, target: string): Promise<Mounted> =>
    mount(host, source, `${root}${target}`, ['bind']);
  for (const directory of API_FILESYSTEMS) {
    if ((await host.stat(`${root}${directory}`)) !== undefined) stack.use(await bind(directory, directory));
  }
  if (mounts.oem) stack.use(await bind(mounts.oem, NODE_PATH.oem));
  if (mounts.persistent) stack.use(await bind(mounts.persistent, NODE_PATH.persistent));
  const stage = `after-${operation}-chroot`;
  const { status, stderr } = await host.run(
    'chroot',
    [host.resolve(root), '/usr/bin/kairos-agent', 'run-stage', stage],
    { allowFailure: true },
  );
  if (status !== 0) host.log('warn', `stage ${stage} ended with ${status}: ${stderr.trim()}`);
}
