import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ContextOptions } from './context-options.ts';

/** What starts services: the flavor's, or what the root has. */
export function servicesOf({
  flavor,
  root,
}: Pick<ContextOptions, 'flavor' | 'root'>): 'systemd' | 'openrc' | 'none' {
  const manager = flavor['service-manager'];
  if (manager !== 'detect') return manager;
  return root?.systemd ? 'systemd' : 'none';
}

/** The trees of the framework that fit a root: what all have, and those of its init system, initramfs, network and family. */
export function frameworkTrees(
  options: Pick<ContextOptions, 'templates' | 'flavor' | 'root' | 'kernel'>,
): string[] {
  const { templates, flavor } = options;
  // With a kernel from elsewhere the initramfs is made there.
  const generator = options.kernel === undefined ? flavor.initramfs : 'none';
  const network =
    flavor.network === 'detect' ? (options.root?.systemd ? 'systemd-networkd' : 'none') : flavor.network;
  const names = ['common', servicesOf(options), generator, network, flavor.family];
  return names.map((name) => join(templates, 'image', name)).filter((tree) => existsSync(tree));
}
