import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { PREDICATES } from '../../../common/trust/verify-attestations.ts';
import type { SignSpec } from '../../config/signing.ts';
import type { RegistryAccess } from '../../inputs/base/resolve-image.ts';
import type { Session } from '../../pipeline/session.ts';
import type { DocumentKind } from '../../pipeline/steps/document.ts';
import { openSigner, type Signer } from '../../signing/signer.ts';
import { attestImage } from './attest-image.ts';
import type { PushImage, PushResult, PushSignatures } from './push-images.ts';
import { signImage } from './sign-image.ts';

/** Signs what was pushed; ready before anything is. */
export interface PushSigner {
  readonly signer: Signer;
  readonly scratch: string;
}

/** What a document of a build is as an attestation. */
const TYPES: Readonly<Record<DocumentKind, keyof typeof PREDICATES>> = {
  spdx: 'spdxjson',
  cyclonedx: 'cyclonedx',
  provenance: 'slsaprovenance1',
};

/**
 * Gets a signer ready, and tries its key.
 * @throws FactoryError as `openSigner` does
 */
export async function openPushSigner(
  sign: SignSpec,
  { runner, workspace }: Pick<Session, 'runner' | 'workspace'>,
  warn: (text: string) => void,
): Promise<PushSigner> {
  const scratch = await mkdtemp(join(workspace.work, 'sign-'));
  return { scratch, signer: await openSigner({ runner, env: process.env, scratch, warn }, sign) };
}

/**
 * Signs images that are in a registry by their digests, and attaches the documents of their builds; of an index, each
 * image and then the index itself. What has its signature already gets no other.
 * @throws FactoryError as `signImage` and `attestImage` do
 */
export async function signPushed(
  { reference, digest }: Pick<PushResult, 'reference' | 'digest'>,
  images: readonly Pick<PushImage, 'manifest' | 'documents'>[],
  { signer, scratch }: PushSigner,
  access: RegistryAccess,
  say: (text: string) => void,
): Promise<PushSignatures> {
  const attached = new Set<string>();
  for (const { manifest, documents } of images) {
    const image = `${reference}@${manifest.digest}`;
    await signImage(image, { access, signer, say });
    for (const { kind, path } of documents) {
      const type = TYPES[kind];
      say(`${type} of ${image}`);
      await attestImage({ image, predicate: path, type }, { access, signer, scratch });
      attached.add(type);
    }
  }
  if (!images.some(({ manifest }) => manifest.digest === digest))
    await signImage(`${reference}@${digest}`, { access, signer, say });
  const fingerprint = signer.publicKey?.fingerprint;
  return {
    signer: signer.name,
    ...(fingerprint === undefined ? {} : { fingerprint }),
    attestations: [...attached],
  };
}
