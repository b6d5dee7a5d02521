import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { runStage } from '../stages/run-stage.ts';
import { MOUNT_ROOT, type Mounted, mount } from './mounts.ts';

/** An operation on a node; hooks and stages are named after it (docs/contract.md 4.5). */
export type Operation = 'install' | 'upgrade' | 'reset';

/** Runs the stage and the executable hook before or after an operation; failures are logged (docs/contract.md 4.5). */
export async function runOuterHook(host: Host, operation: Operation, when: 'pre' | 'after'): Promise<void> {
  if (operation === 'install') await runStage(host, `kairos-install.${when}`, {});
  const hook = `/usr/bin/kairos-agent.${operation}.${when}.hook`;
  if ((await host.stat(hook)) === undefined) return;
  const { status, stdout, stderr } = await host.run(hook, [], { allowFailure: true });
  const lines = `${stdout}${stderr}`.trim();
  if (lines !== '') host.log('info', `${hook}: ${lines}`);
  if (status !== 0) host.log('warn', `${hook} exited with status ${status}`);
}

/** A stage creates this file to abort an installation before anything is overwritten (docs/contract.md 2.4). */
const VETO = NODE_PATH.failInstallation;

/** Runs the stage `before-OPERATION`. @throws FactoryError `step` when one of its steps vetoed the installation */
export async function runBeforeStage(host: Host, operation: Operation): Promise<void> {
  await runStage(host, `before-${operation}`, {});
  if (operation === 'install' && (await host.stat(VETO)) !== undefined) {
    throw new FactoryError('INSTALL_VETOED', 'a step of the stage before-install aborted the installation', {
      remedy: `The step created ${VETO}; see the log of that stage.`,
    });
  }
}

/** Filesystems to bind into the new system while its stage runs. */
export interface ChrootMounts {
  readonly oem?: string;
  readonly persistent?: string;
}

const API_FILESYSTEMS = ['/dev', '/proc', '/sys', '/run'];

/** What to run in a new system. */
export interface NewSystemOptions {
  readonly operation: Operation;
  readonly mounts?: ChrootMounts;
  /** Runs on the mounted tree before the stage. */
  readonly prepare: (root: string) => Promise<void>;
}

/**
 * Runs the stage `after-OPERATION-chroot` inside the new system, with the agent of that system (docs/contract.md 4.5,
 * 5.3). A failing stage is logged.
 * @param image the image file of the slot
 */
export async function runInNewSystem(
  host: Host,
  image: string,
  { operation, mounts = {}, prepare }: NewSystemOptions,
): Promise<void> {
  const root = `${MOUNT_ROOT}/new-system`;
  await using stack = new AsyncDisposableStack();
  stack.use(await mount(host, image, { path: root, options: ['loop'] }));
  await prepare(root);
  if ((await host.stat(`${root}/usr/bin/kairos-agent`)) === undefined) return;
  const bind = async (source: string, target: string): Promise<Mounted> =>
    mount(host, source, { path: `${root}${target}`, options: ['bind'] });
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
  if (status !== 0) host.log('warn', `the stage ${stage} exited with status ${status}: ${stderr.trim()}`);
}
