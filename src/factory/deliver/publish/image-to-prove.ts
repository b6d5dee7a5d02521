import { basename, join } from 'node:path';
import { openLocalImage } from '../../../common/oci/layers/local-image.ts';
import { formatImageReference, parseImageReference } from '../../../common/oci/registry/image-reference.ts';
import type { LifeEvent } from '../../../common/trust/proof.ts';
import type { BaseReference } from '../../config/base-reference.ts';
import type { Resource } from '../../inspect/provenance/statement.ts';
import type { BuildReport } from '../../pipeline/build-report.ts';
import { type ProofSubjects, proofSubjects } from '../../prove/proof-subjects.ts';
import { artifactsOf, type TemporaryOptions } from './lay-out.ts';

/** An image as something that boots, which disposal removes. */
export interface ImageToProve extends AsyncDisposable {
  readonly subjects: ProofSubjects;
  /** The image by its digest, when it is in a registry: a result can be attached to it. */
  readonly pushed?: string;
}

/** Options of {@link imageToProve}. */
export interface ImageProofOptions extends Omit<TemporaryOptions, 'artifacts'> {
  readonly events: readonly LifeEvent[];
}

/**
 * Makes a raw disk of an image, or an ISO if it is to be installed. The proof is about the image: by its digest in the
 * registry or the layout, or else by that of the layout that a push would make of it.
 * @throws FactoryError as documented at `artifactsOf`
 */
export async function imageToProve(
  reference: BaseReference,
  { events, ...options }: ImageProofOptions,
): Promise<ImageToProve> {
  const hasDigest = reference.kind === 'docker' || reference.kind === 'oci';
  const kind = events.includes('install') ? 'iso' : 'raw';
  const made = await artifactsOf(reference, {
    ...options,
    artifacts: hasDigest ? [kind] : ['oci', kind],
  });
  try {
    const { report } = made;
    const found = await proofSubjects(report.output);
    const pushed = reference.kind === 'docker' ? pushedImage(reference.image, report) : undefined;
    const images =
      reference.kind === 'oci'
        ? [await layoutResource(reference, report)]
        : pushed === undefined
          ? found.images
          : [resource(pushed, parseImageReference(pushed).digest)];
    const subjects = { artifacts: found.artifacts, images };
    return { subjects, ...(pushed && { pushed }), [Symbol.asyncDispose]: () => made[Symbol.asyncDispose]() };
  } catch (error) {
    await made[Symbol.asyncDispose]();
    throw error;
  }
}

/** The manifest that was read, which for an image for several architectures is not what its tag names. */
function pushedImage(
  image: Extract<BaseReference, { kind: 'docker' }>['image'],
  { manifest: { images = [] } }: BuildReport,
): string {
  const [pin] = images;
  if (pin === undefined) throw new RangeError('an image of a registry without a digest');
  return formatImageReference({ ...image, tag: undefined, digest: pin.manifest });
}

async function layoutResource(
  reference: Extract<BaseReference, { kind: 'oci' }>,
  { output, manifest: { release } }: BuildReport,
): Promise<Resource> {
  const { path, tag } = reference;
  const platform = { os: 'linux', architecture: release['KAIROS_ARCH'] ?? 'amd64' };
  const { digest } = await openLocalImage(path, { platform, tag, unpacked: join(output, 'unpacked.tar') });
  return resource(basename(path), digest);
}

function resource(name: string, digest = ''): Resource {
  return { name, digest: { sha256: digest.replace(/^sha256:/, '') } };
}
