import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ContextOptions } from './context-options.ts';

/** What the initramfs is made of, below `templates/image`. */
export const INITRAMFS_TREE = 'initramfs';

/** The service manager of the flavor or, where the flavor detects it, of the root. */
export function servicesOf({
  flavor,
  root,
}: Pick<ContextOptions, 'flavor' | 'root'>): 'systemd' | 'openrc' | 'none' {
  const manager = flavor['service-manager'];
  if (manager !== 'detect') return manager;
  return root?.systemd ? 'systemd' : root?.openrc ? 'openrc' : 'none';
}

/** The template directories for an image: the common one, and those of its service manager, initramfs, network and family. */
export function frameworkTrees(
  options: Pick<ContextOptions, 'templates' | 'flavor' | 'root' | 'kernel'>,
): string[] {
  const { templates, flavor } = options;
  // A kernel from another image brings the initramfs that was made there.
  const own = options.kernel === undefined ? INITRAMFS_TREE : 'none';
  // dracut's module calls the same scripts.
  const dracut = options.kernel === undefined && flavor.initramfs === 'dracut' ? 'dracut' : 'none';
  const network =
    flavor.network === 'detect' ? (options.root?.systemd ? 'systemd-networkd' : 'none') : flavor.network;
  const names = ['common', servicesOf(options), own, dracut, network, flavor.family];
  return names.map((name) => join(templates, 'image', name)).filter((tree) => existsSync(tree));
}
