import { createReadStream, createWriteStream } from 'node:fs';
import { copyFile, stat, writeFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { artifactBaseName } from '../../common/contract/artifact-names.ts';
import { identityFrom } from '../../common/contract/kairos-release.ts';
import { liveConsole } from '../../common/contract/kernel-command-line.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Artifact, ArtifactContext, ArtifactInputs } from './artifact.ts';
import { ipxeScript } from './ipxe-script.ts';

/** Endings of the files beside the script. */
const ENDING = { kernel: '-kernel', initrd: '-initrd', config: '-config.yaml' } as const;

/**
 * What a machine needs to boot over the network, under the names of upstream's: kernel, initramfs with the drivers of network cards,
 * and a script for iPXE. The root is the squashfs, an artifact of its own, whose SHA-256 the script gives to the initramfs.
 */
export const netboot: Artifact = {
  kind: 'netboot',
  extension: '.ipxe',
  companions: Object.values(ENDING),
  needs: ['image', 'boot', 'artifact:squashfs', 'checksum:squashfs'],
  tools: [],
  inputs: (_spec, { cloudConfig }) => [cloudConfig ?? null, ipxeScript({ name: '', sha256: '', line: [] })],
  make,
};

async function make(inputs: ArtifactInputs, { output, companion, signal }: ArtifactContext): Promise<void> {
  const { facts, file, digest, board, spec } = inputs;
  const network = inputs.optionalFile('boot', 'networkInitrd');
  if (network === undefined) {
    throw new FactoryError(
      'IMAGE_INCOMPLETE',
      'the image has no drivers of network cards for its initramfs',
      {
        remedy: 'Build the image with --netboot, which adds /boot/initrd-network.',
      },
    );
  }
  await copyFile(file('boot', 'kernel'), companion(ENDING.kernel));
  await joinArchives([file('boot', 'initrd'), network], companion(ENDING.initrd), signal);
  const { cloudConfig } = spec;
  if (cloudConfig !== undefined) await copyFile(cloudConfig, companion(ENDING.config));
  const name = artifactBaseName(identityFrom(new Map(Object.entries(facts.release))));
  const script = ipxeScript({
    name,
    sha256: digest('checksum:squashfs'),
    line: [liveConsole(board), facts.selinux ?? 'selinux=0', 'install-mode'],
    ...(cloudConfig === undefined ? {} : { config: `${name}${ENDING.config}` }),
  });
  await writeFile(output, script);
}

/** Joins archives of an initramfs, each of which the kernel expects at a multiple of four bytes. */
async function joinArchives(archives: readonly string[], target: string, signal: AbortSignal): Promise<void> {
  await writeFile(target, '');
  for (const archive of archives) {
    const { size } = await stat(archive);
    await pipeline(createReadStream(archive), createWriteStream(target, { flags: 'a' }), { signal });
    await writeFile(target, Buffer.alloc((4 - (size % 4)) % 4), { flag: 'a' });
  }
}
