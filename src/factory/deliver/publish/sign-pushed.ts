import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { PREDICATES } from '../../../common/trust/verify-attestations.ts';
import type { SignSpec } from '../../config/signing.ts';
import type { RegistryAccess } from '../../inputs/base/resolve-image.ts';
import type { Session } from '../../pipeline/session.ts';
import type { DocumentKind } from '../../pipeline/steps/document.ts';
import { openSigner, type Signer } from '../../signing/signer.ts';
import { attestImage } from './attest-image.ts';
import type { PushImage } from './push-image.ts';
import type { PushResult, PushSignatures } from './push-images.ts';
import { signImage } from './sign-image.ts';

/** A signer for pushed images, opened and checked before the push. */
export interface PushSigner {
  readonly signer: Signer;
  /** Directory for short-lived files. */
  readonly scratch: string;
}

/** The predicate type of each kind of document, by its short name. */
const TYPES: Readonly<Record<DocumentKind, keyof typeof PREDICATES>> = {
  spdx: 'spdxjson',
  cyclonedx: 'cyclonedx',
  provenance: 'slsaprovenance1',
  'test-result': 'testresult',
};

/**
 * Opens a signer and tries its key.
 * @throws FactoryError as documented at `openSigner`
 */
export async function openPushSigner(
  sign: SignSpec,
  { runner, workspace }: Pick<Session, 'runner' | 'workspace'>,
  warn: (text: string) => void,
): Promise<PushSigner> {
  const scratch = await mkdtemp(join(workspace.work, 'sign-'));
  return { scratch, signer: await openSigner({ runner, env: process.env, scratch, warn }, sign) };
}

/** Options of {@link signPushed}. */
export interface SignPushedOptions extends PushSigner {
  readonly access: RegistryAccess;
  readonly say: (text: string) => void;
}

/**
 * Signs pushed images by digest and attaches the documents of their builds. Of an index, signs each image and then the
 * index. Skips existing signatures.
 * @throws FactoryError as documented at `signImage` and `attestImage`
 */
export async function signPushed(
  { reference, digest }: Pick<PushResult, 'reference' | 'digest'>,
  images: readonly Pick<PushImage, 'manifest' | 'documents'>[],
  { signer, scratch, access, say }: SignPushedOptions,
): Promise<PushSignatures> {
  const attached = new Set<string>();
  for (const { manifest, documents } of images) {
    const image = `${reference}@${manifest.digest}`;
    await signImage(image, { access, signer, say });
    for (const { kind, path } of documents) {
      const type = TYPES[kind];
      say(`attaching ${type} to ${image}`);
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
