import { createHash } from 'node:crypto';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { type TrustMaterial, toTrustMaterial, Verifier } from '@sigstore/verify';
import { messageOf } from '../errors/factory-error.ts';
import type { TrustIdentity } from './identity.ts';

/** The subject and the issuer that a certificate must name. */
export interface IdentityPattern {
  /** `*` matches any characters but a slash, `**` matches any characters. */
  readonly identity: string;
  readonly issuer: string;
}

/**
 * Parses a trusted root (sigstore, protobuf-specs, `trustroot`): the certificate authorities, logs and timestamp
 * authorities for verifying certificates offline.
 * @throws Error whose message continues a sentence that starts with the name of the file
 */
export function parseTrustedRoot(text: string): TrustMaterial {
  let material: TrustMaterial;
  try {
    material = toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(text)));
  } catch (error) {
    throw new Error(`is not a trusted root: ${messageOf(error)}`, { cause: error });
  }
  if (material.certificateAuthorities.length === 0) throw new Error('names no certificate authority');
  if (material.tlogs.length + material.timestampAuthorities.length === 0) {
    throw new Error('names neither a log nor a timestamp authority, which prove when a certificate was used');
  }
  return material;
}

/**
 * Returns an identity that is verified against a trusted root. If the root names transparency logs, an entry in one of
 * them is required; if it names certificate transparency logs, a receipt from one of them. A proof of the time of signing
 * is always required, because certificates are valid for minutes only.
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
      if (issuer !== pattern.issuer || !matchesIdentity(pattern.identity, subject))
        throw new Error(`is by ${subject} (${issuer})`);
      return key;
    },
  };
}

function verify(verifier: Verifier, entity: Parameters<Verifier['verify']>[0]) {
  try {
    return verifier.verify(entity);
  } catch (error) {
    throw new Error(`cannot be verified with the trusted root: ${messageOf(error)}`, { cause: error });
  }
}

function matchesIdentity(pattern: string, subject: string): boolean {
  const expression = pattern
    .split(/(\*\*?)/)
    .map((piece) => ({ '*': '[^/]*', '**': '.*' })[piece] ?? piece.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('');
  return new RegExp(`^${expression}$`, 's').test(subject);
}
