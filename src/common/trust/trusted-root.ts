import { createHash } from 'node:crypto';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { type TrustMaterial, toTrustMaterial, Verifier } from '@sigstore/verify';
import { messageOf } from '../errors/factory-error.ts';
import type { TrustIdentity } from './identity.ts';

/** Whom a certificate has to name, and who has to have known them. */
export interface IdentityPattern {
  /** `*` stands for anything but a slash, `**` for anything at all. */
  readonly identity: string;
  readonly issuer: string;
}

/**
 * Reads a trusted root (sigstore, protobuf-specs, `trustroot`): the authorities, logs and timestamp authorities that
 * certificates may be verified with, without a network.
 * @throws Error with a half sentence on what is wrong with it
 */
export function parseTrustedRoot(text: string): TrustMaterial {
  let material: TrustMaterial;
  try {
    material = toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(text)));
  } catch (error) {
    throw new Error(`is no trusted root: ${messageOf(error)}`, { cause: error });
  }
  if (material.certificateAuthorities.length === 0) throw new Error('names no certificate authority');
  if (material.tlogs.length + material.timestampAuthorities.length === 0) {
    throw new Error('names neither a log nor a timestamp authority, which tell when a certificate was used');
  }
  return material;
}

/**
 * An identity as verified by a trusted root. Everything that the root names has to have its say: with logs of signatures
 * an entry in one, with logs of certificates a receipt of one. A certificate lives for minutes, so the time of signing
 * has to be vouched for in any case.
 */
export function trustIdentity(material: TrustMaterial, pattern: IdentityPattern): TrustIdentity {
  const name = `${pattern.identity} (${pattern.issuer})`;
  const verifier = new Verifier(material, {
    tlogThreshold: material.tlogs.length > 0 ? 1 : 0,
    ctlogThreshold: material.ctlogs.length > 0 ? 1 : 0,
    timestampThreshold: 1,
  });
  return {
    name,
    fingerprint: createHash('sha256').update(JSON.stringify(pattern)).digest('hex'),
    verify: (entity) => {
      const { key, identity } = verify(verifier, entity);
      const subject = identity?.subjectAlternativeName;
      const issuer = identity?.extensions?.issuer;
      if (subject === undefined || issuer === undefined)
        throw new Error('has a certificate without subject or issuer');
      if (issuer !== pattern.issuer || !isMeant(pattern.identity, subject))
        throw new Error(`is by ${subject} (${issuer})`);
      return key;
    },
  };
}

function verify(verifier: Verifier, entity: Parameters<Verifier['verify']>[0]) {
  try {
    return verifier.verify(entity);
  } catch (error) {
    throw new Error(`does not hold by the trusted root: ${messageOf(error)}`, { cause: error });
  }
}

function isMeant(pattern: string, subject: string): boolean {
  const expression = pattern
    .split(/(\*\*?)/)
    .map((piece) => ({ '*': '[^/]*', '**': '.*' })[piece] ?? piece.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('');
  return new RegExp(`^${expression}$`, 's').test(subject);
}
