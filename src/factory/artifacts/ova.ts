import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { artifactBaseName } from '../../common/contract/artifact-names.ts';
import { identityFrom } from '../../common/contract/kairos-release.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { padding } from '../../common/tar/block.ts';
import { ustarHeader } from '../../common/tar/ustar-header.ts';
import { TAR_END } from '../../common/tar/write-member.ts';
import type { Artifact, ArtifactContext, ArtifactInputs } from './artifact.ts';
import { ovfEnvelope } from './ovf-envelope.ts';
import { VMDK_NAME } from './vmdk.ts';

/** The members, whose names are short enough for every reader. The descriptor and the manifest have the same name before the dot. */
const MEMBER = { descriptor: 'kairos.ovf', manifest: 'kairos.mf', disk: VMDK_NAME } as const;
/** Bytes to copy at a time. */
const CHUNK = 4 * 1024 * 1024;
/** The largest size that a ustar header holds. */
const LIMIT = 8 ** 11 - 1;

/**
 * A virtual machine for vSphere and other products that read OVF: a ustar archive with the descriptor, its manifest and the VMDK, in
 * the order that lets a reader check the disk while it arrives (DMTF DSP0243 1.1.1, "OVF Package").
 */
export const ova: Artifact = {
  kind: 'ova',
  extension: '.ova',
  needs: ['artifact:raw', 'artifact:vmdk', 'checksum:vmdk'],
  tools: [],
  inputs: () => null,
  make,
};

async function make(inputs: ArtifactInputs, context: ArtifactContext): Promise<void> {
  const { facts, arch, file, digest } = inputs;
  const vmdk = file('artifact:vmdk', 'artifact');
  const { size } = await stat(vmdk);
  if (size > LIMIT) throw tooLarge(size);
  const { size: capacity } = await stat(file('artifact:raw', 'artifact'));
  const name = artifactBaseName(identityFrom(new Map(Object.entries(facts.release))));
  const descriptor = Buffer.from(ovfEnvelope({ name, arch, disk: { file: MEMBER.disk, size, capacity } }));
  const manifest = Buffer.from(
    `SHA256(${MEMBER.descriptor})= ${sha256(descriptor)}\nSHA256(${MEMBER.disk})= ${digest('checksum:vmdk')}\n`,
  );
  const hash = createHash('sha256');
  await using archive = await open(context.output, 'w');
  const append = async (bytes: Uint8Array) => {
    hash.update(bytes);
    await archive.writeFile(bytes);
  };
  for (const [member, bytes] of [
    [MEMBER.descriptor, descriptor],
    [MEMBER.manifest, manifest],
  ] as const) {
    await append(ustarHeader({ name: member, size: bytes.length, modified: facts.epoch }));
    await append(bytes);
    await append(Buffer.alloc(padding(bytes.length)));
  }
  await append(ustarHeader({ name: MEMBER.disk, size, modified: facts.epoch }));
  await using disk = await open(vmdk);
  const buffer = Buffer.alloc(CHUNK);
  for (;;) {
    context.signal.throwIfAborted();
    const { bytesRead } = await disk.read(buffer, 0, CHUNK);
    if (bytesRead === 0) break;
    await append(buffer.subarray(0, bytesRead));
  }
  await append(Buffer.alloc(padding(size)));
  await append(TAR_END);
  context.hashed(hash.digest('hex'));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function tooLarge(size: number): FactoryError {
  return new FactoryError('SOURCE_UNSUITABLE', `the disk has ${size} bytes, too many for an OVA`, {
    remedy: 'Use the vmdk itself, or make the image smaller: the format of an OVA has files of up to 8 GiB.',
  });
}
