import { join } from 'node:path';
import { BOARD_FILES } from '../../../common/contract/boot-files.ts';
import { BARE_MARK } from '../../../common/contract/conformance.ts';
import { renderKairosRelease } from '../../../common/contract/kairos-release.ts';
import { bootargs } from '../../../common/contract/kernel-command-line.ts';
import { NODE_PATH } from '../../../common/contract/node-paths.ts';
import {
  EPOCH_FILE,
  LAYOUT_FILE,
  renderLayoutEnvironment,
  requiredDirectories,
} from '../../../common/contract/system-layout.ts';
import { TRUST_DIRECTORY } from '../../../common/trust/policy.ts';
import { agentEntries, libcEntries } from './agent-entries.ts';
import { broughtEntries } from './brought-programs.ts';
import { isScripted } from './containerfile.ts';
import type { ContextOptions } from './context-options.ts';
import { type ContextEntry, directoryEntries } from './context-tar.ts';
import { lines, program, templatePrograms, text } from './entry.ts';
import { frameworkTrees, INITRAMFS_TREE, servicesOf } from './framework-trees.ts';
import { hookEntries } from './hook-entries.ts';
import type { KairosInit } from './kairos-init.ts';
import { kubernetesEntries } from './kubernetes-entries.ts';
import { overlayEntries } from './overlay.ts';

/** All files of the build context except the Containerfile, parents before children. */
export function ownEntries(options: ContextOptions): ContextEntry[] {
  const { templates, flavor, overlay, init, kubernetes } = options;
  const overlaid = [
    ...(overlay === undefined ? [] : overlayEntries(overlay, templates)),
    ...(options.hooks === undefined ? [] : hookEntries(options.hooks, options)),
  ];
  if (init !== undefined) return [...initEntries(options, init), ...overlaid];
  return [
    ...installEntries(options),
    ...kernelEntries(options),
    ...(kubernetes === undefined ? [] : kubernetesEntries(templates, servicesOf(options), kubernetes)),
    ...frameworkEntries(options),
    ...(options.bundles?.some(({ mode }) => mode === 'run')
      ? [templatePrograms(templates)('bundles/run-bundle.sh', 'build/run-bundle.sh')]
      : []),
    ...(flavor['package-manager'] === 'none' ? bareEntries(options) : []),
    ...overlaid,
    ...(isScripted(options) ? finishEntries(options) : []),
  ];
}

function initEntries({ templates, flavor, epoch }: ContextOptions, init: KairosInit): ContextEntry[] {
  const template = templatePrograms(templates);
  return [
    program('init/kairos-init', init.program),
    template('init/check-kairos-init.sh', 'build/check-kairos-init.sh'),
    template('init/finish-kairos-init.sh', 'build/finish-kairos-init.sh'),
    lines('init/directories', requiredDirectories(flavor['persistent-paths'])),
    text('init/source-date-epoch', epoch ?? ''),
  ];
}

function installEntries(options: ContextOptions): ContextEntry[] {
  const { templates, flavor, selection, board, epoch, pins, snapshot } = options;
  const manager = flavor['package-manager'];
  if (manager === 'none') return [];
  const template = templatePrograms(templates);
  return [
    lines('install/packages', selection.packages),
    lines('install/components', board.components),
    lines('install/repository-packages', selection.repositoryPackages),
    lines('install/repositories', selection.repositories),
    text('install/source-date-epoch', epoch ?? ''),
    ...(pins === undefined ? [] : [lines('install/pins', pinLines(pins))]),
    ...(snapshot === undefined ? [] : [lines('install/snapshot', snapshot)]),
    ...(flavor.initramfs === 'dracut' ? [text('install/dracut', '')] : []),
    template(`install/install-${manager}.sh`, `build/install-${manager}.sh`),
    ...(manager === 'apt' ? [template('install/dpkg-lean.cfg', 'build/dpkg-lean.cfg')] : []),
  ];
}

function frameworkEntries(options: ContextOptions): ContextEntry[] {
  const { flavor, identity, board, agent, tool, policy } = options;
  return [
    ...frameworkTrees(options).flatMap((tree) => directoryEntries(tree, 'framework')),
    ...agentEntries(agent, 'framework'),
    ...broughtEntries(options.brought),
    text(`framework${NODE_PATH.release}`, renderKairosRelease(identity, tool)),
    text('framework/etc/cos/bootargs.cfg', bootargs(board, flavor.selinux)),
    text(`framework${LAYOUT_FILE}`, renderLayoutEnvironment(flavor['persistent-paths'])),
    ...policyEntries(policy),
    ...Object.entries(board.texts).map(([path, content]) => text(`framework${BOARD_FILES}/${path}`, content)),
  ];
}

function finishEntries(options: ContextOptions): ContextEntry[] {
  const { templates, flavor, selection, board, kernel, netboot } = options;
  const boardFiles = board.files.map(({ from, to }) => `${from} ${to}`);
  const runlevels = selection.runlevels.map((pair) => pair.join(' '));
  return [
    lines('finish/directories', requiredDirectories(flavor['persistent-paths'])),
    lines('finish/enable', selection.enable),
    lines('finish/mask', selection.mask),
    lines('finish/board-files', boardFiles),
    lines('finish/unmask', selection.unmask),
    lines('finish/disable', selection.disable),
    lines('finish/runlevels', runlevels),
    lines('finish/selinux', [flavor.selinux]),
    ...(flavor['package-manager'] === 'none' ? [text('finish/installs-nothing', '')] : []),
    ...(kernel === undefined ? [] : [text('finish/kernel-is-there', '')]),
    ...(flavor.initramfs === 'dracut' ? [text('finish/dracut', '')] : []),
    ...(netboot === true ? [text('finish/netboot', '')] : []),
    templatePrograms(templates)('finish/kernel-file.sh', 'build/kernel-file.sh'),
    templatePrograms(templates)('finish/finish.sh', 'build/finish.sh'),
  ];
}

/** The agent accepts a policy only from files that only root can write. */
function policyEntries(policy: ContextOptions['policy']): ContextEntry[] {
  if (policy === undefined) return [];
  const directory = `framework${TRUST_DIRECTORY}`;
  return [
    { type: 'directory', path: directory },
    ...policy.map(({ name, text: content }) => text(`${directory}/${name}`, content)),
  ];
}

/** `NAME ARCH VERSION`; the architecture is `-` where the package manager reports none. */
function pinLines(pins: Readonly<Record<string, string>>): string[] {
  return Object.entries(pins).flatMap(([key, versions]) => {
    const [name = '', arch = '-'] = key.split(':');
    return versions.split(' ').map((version) => `${name} ${arch} ${version}`);
  });
}

function kernelEntries({ kernel, templates, netboot }: ContextOptions): ContextEntry[] {
  if (kernel === undefined) return [];
  const template = templatePrograms(templates);
  return [
    ...directoryEntries(join(templates, 'image', INITRAMFS_TREE), 'initramfs'),
    program('kernel/kairos-agent', kernel.agent),
    ...libcEntries(kernel.agent, 'kernel/libc'),
    text('kernel/source-date-epoch', `${kernel.epoch}\n`),
    ...(netboot === true ? [text('kernel/netboot', '')] : []),
    template('kernel/kernel-file.sh', 'build/kernel-file.sh'),
    template('kernel/collect-kernel.sh', 'build/collect-kernel.sh'),
  ];
}

/** Files that installation scripts write in other roots, and the missing directories when no script can create them. */
function bareEntries(options: ContextOptions): ContextEntry[] {
  const lacking = isScripted(options) ? [] : (options.root?.lacks ?? []);
  return [
    text(`framework${EPOCH_FILE}`, `${options.epoch ?? ''}\n`),
    ...(options.root?.isBare ? [text(`framework${BARE_MARK}`, BARE_TEXT)] : []),
    ...lacking.map((path): ContextEntry => ({ type: 'directory', path: `framework${path}` })),
  ];
}

const BARE_TEXT =
  'This system boots and is configured, but its base lacks programs that other images have.\n';
