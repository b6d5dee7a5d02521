import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ImageFacts } from '../../../src/common/contract/image-facts.ts';
import { SLOT_FILE } from '../../../src/common/contract/partition-files.ts';
import { measureTree } from '../../../src/common/files/walk-tree.ts';
import { applyLayers } from '../../../src/common/oci/layers/apply-layers.ts';
import { openLocalImage } from '../../../src/common/oci/layers/local-image.ts';
import type { ArtifactInputs } from '../../../src/factory/artifacts/artifact.ts';
import { ARTIFACTS } from '../../../src/factory/artifacts/registry.ts';
import { makeSlotImage } from '../../../src/factory/artifacts/slot-image.ts';
import type { ArtifactKind } from '../../../src/factory/config/artifact-kinds.ts';
import type { ArtifactsSpec } from '../../../src/factory/config/schema.ts';
import { layerHost } from '../../../src/factory/engine/docker/unpack-saved.ts';
import { readPartitions } from '../../../src/factory/inspect/diff/partition-table.ts';
import { mksquashfs } from '../../../src/factory/tools/mksquashfs.ts';
import type { Runner } from '../../../src/factory/tools/runner.ts';
import { unsquashfs } from '../../../src/factory/tools/unsquashfs.ts';
import { PROJECT } from '../../support/factory.ts';
import { tool } from '../../support/tool.ts';
import { artifactContext } from '../../unit/factory/artifacts/support/inputs.ts';

/** Reads the tree of one root in an artifact, which it may unmount afterwards. */
type Read = (root: string) => Promise<void>;

/** What artifacts are made from, all of it below one directory. */
export interface Parts {
  readonly runner: Runner;
  readonly directory: string;
  /** A sealed root. */
  readonly root: string;
  readonly epoch: number;
}

const RELEASE = { KAIROS_ARCH: 'amd64', KAIROS_FLAVOR: 'debian', KAIROS_VERSION: 'v1.0.0' };
/** Files that an image needs beside its root to be bootable; their content does not matter here. */
const BOOT = ['kernel', 'initrd', 'grubConfig', 'shim', 'grub', 'grubLive'];

/** Kinds that are made from the raw disk. */
const COPIES: readonly ArtifactKind[] = ['qcow2', 'vhd', 'gce', 'vmdk', 'ova'];

/** Makes an artifact from a root by the code of the build. @returns its path */
export async function makeArtifact(kind: ArtifactKind, parts: Parts): Promise<string> {
  const { runner, directory, root, epoch } = parts;
  const file = (step: string, name: string) => join(directory, 'parts', step.replace(':', '-'), name);
  const isSource = kind === 'raw' || kind === 'vmdk';
  const output = isSource ? file(`artifact:${kind}`, 'artifact') : join(directory, `os.${kind}`);
  for (const name of BOOT) await plant(file('boot', name));
  await plant(file('slot-image', 'image'));
  await plant(file('squashfs', 'squashfs'));
  await mkdir(dirname(output), { recursive: true });
  const tree = measureTree(root);
  const facts: ImageFacts = { epoch, tree, release: RELEASE, osId: 'debian' };
  if (kind === 'raw')
    await makeSlotImage(runner, root, {
      output: file('slot-image', 'image'),
      tree,
      label: 'COS_ACTIVE',
      identity: 'test',
      epoch,
    });
  if (kind === 'squashfs' || kind === 'iso')
    await mksquashfs(runner, root, { output: file('squashfs', 'squashfs'), level: 1, epoch });
  if (kind === 'ova') await makeArtifact('vmdk', parts);
  else if (COPIES.includes(kind)) await makeArtifact('raw', parts);
  if (kind === 'oci') await mkdir(output);
  const inputs: ArtifactInputs = {
    facts,
    file,
    digest: () => '0123456789abcdef'.repeat(4),
    optionalFile: (step, name) => (BOOT.includes(name) ? file(step, name) : undefined),
    openRoot: async () => ({
      root,
      commit: async () => undefined,
      [Symbol.asyncDispose]: async () => undefined,
    }),
    spec: { disk: { oem: 64, persistent: 64 }, ociCompression: 'zstd' } as ArtifactsSpec,
    arch: 'amd64',
    board: { consoles: [], arguments: [] },
    templates: join(PROJECT, 'templates'),
  };
  const scratch = join(directory, `scratch-${kind}`);
  await mkdir(scratch);
  await ARTIFACTS[kind].make(inputs, artifactContext({ runner, scratch, output }));
  return output;
}

async function plant(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, 'set kernel=/boot/vmlinuz\n', { flag: 'a' });
}

/** Reads every root in an artifact as those who start or install it do. */
export async function readRoots(
  kind: ArtifactKind,
  artifact: string,
  parts: Parts,
  read: Read,
): Promise<void> {
  const { runner, directory } = parts;
  const target = join(directory, `root-of-${kind}`);
  switch (kind) {
    case 'oci': {
      const platform = { os: 'linux', architecture: 'amd64' };
      const { layers } = await openLocalImage(artifact, { platform, unpacked: join(directory, 'plain') });
      await mkdir(target);
      await applyLayers(layerHost(runner), layers, { target });
      return read(target);
    }
    case 'squashfs':
      await unsquashfs(runner, artifact, target);
      return read(target);
    case 'iso': {
      const file = join(directory, 'from-iso.squashfs');
      await tool('xorriso', '-osirrox', 'on', '-indev', artifact, '-extract', '/rootfs.squashfs', file);
      await unsquashfs(runner, file, target);
      return read(target);
    }
    case 'gce': {
      await mkdir(target);
      await tool('tar', '-xzf', artifact, '-C', target);
      return readSlots(join(target, 'disk.raw'), directory, read);
    }
    case 'ova':
      await mkdir(target);
      await tool('tar', '-xf', artifact, '-C', target);
      return readRoots('vmdk', join(target, 'kairos-disk1.vmdk'), parts, read);
    case 'qcow2':
    case 'vmdk':
    case 'vhd': {
      const disk = join(directory, `from-${kind}.raw`);
      const format = kind === 'vhd' ? 'vpc' : kind;
      await tool('qemu-img', 'convert', '-f', format, '-O', 'raw', artifact, disk);
      return readSlots(disk, directory, read);
    }
    case 'raw':
      return readSlots(artifact, directory, read);
    case 'netboot':
      throw new Error('netboot has no root of its own');
  }
}

const SLOTS = [
  ['state', SLOT_FILE.active],
  ['state', SLOT_FILE.passive],
  ['recovery', SLOT_FILE.recovery],
] as const;

/** Mounts the slots of a disk, one after the other. */
async function readSlots(disk: string, directory: string, read: Read): Promise<void> {
  const partitions = await readPartitions(disk);
  for (const [name, path] of SLOTS) {
    const found = partitions.find((partition) => partition.name === name);
    const [outer, inner] = [join(directory, 'partition'), join(directory, 'slot')];
    await mkdir(outer, { recursive: true });
    await mkdir(inner, { recursive: true });
    await tool('mount', '-o', `loop,ro,offset=${found?.start},sizelimit=${found?.size}`, disk, outer);
    try {
      await tool('mount', '-o', 'loop,ro', join(outer, path), inner);
      try {
        await read(inner);
      } finally {
        await tool('umount', inner);
      }
    } finally {
      await tool('umount', outer);
    }
  }
}
