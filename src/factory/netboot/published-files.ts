import { join } from 'node:path';
import type { Role } from './boot-stages.ts';
import type { LoaderName } from './client-kinds.ts';
import { scriptName } from './dnsmasq-config.ts';
import type { NetbootSystem } from './netboot-systems.ts';
import { openFile, type PublishedFile, textFile } from './published-file.ts';
import { withBase, withConfig } from './read-script.ts';

/** The name of the cloud-config that takes the place of those of the artifacts. */
const CONFIG_NAME = 'cloud-config.yaml';

/** What is published. */
export interface Publication {
  readonly systems: readonly NetbootSystem[];
  /** Path of each program. */
  readonly loaders: ReadonlyMap<LoaderName, string>;
  /** Where they are published, with a slash at its end. */
  readonly url: string;
  /** Text of a cloud-config for all machines. */
  readonly cloudConfig?: string | undefined;
}

/**
 * Opens all files that machines may load, by name.
 * @param stack closes them
 */
export async function publishedFiles(
  { systems, loaders, url, cloudConfig }: Publication,
  stack: AsyncDisposableStack,
): Promise<ReadonlyMap<string, PublishedFile>> {
  const files: PublishedFile[] = [];
  for (const [name, path] of loaders) files.push(await openFile({ name, role: 'loader', path }, stack));
  if (cloudConfig !== undefined) files.push(textFile(CONFIG_NAME, 'config', cloudConfig));
  for (const system of systems) {
    const own = withBase(system.script, url);
    const script = cloudConfig === undefined ? own : withConfig(own, CONFIG_NAME);
    files.push(textFile(scriptName(system.arch), 'script', script));
    files.push(textFile(`${system.name}.ipxe`, 'script', script));
    const beside: [Role, string | undefined][] = [
      ['kernel', system.kernel],
      ['initrd', system.initrd],
      ['root', system.root],
      ['config', cloudConfig === undefined ? system.config : undefined],
    ];
    for (const [role, name] of beside)
      if (name !== undefined)
        files.push(await openFile({ name, role, path: join(system.directory, name) }, stack));
  }
  return new Map(files.map((file) => [file.name, file]));
}
