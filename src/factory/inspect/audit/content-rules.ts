import type { SecretKind } from './secret-kinds.ts';

/** Recognises a secret by its content, in any file. */
interface ContentRule {
  readonly kind: SecretKind;
  /** Source of a regular expression without capturing groups. */
  readonly pattern: string;
  /** Examines a match more closely. */
  readonly isSecret?: (match: string) => boolean;
}

/** Separators between the lines of a key in indented YAML, JSON and string literals. */
const BREAK = String.raw`(?:[\s"'+,;|>-]|\\[nr])*`;

/**
 * Sources: RFC 7468 (PEM), OpenSSH's PROTOCOL.key, the age specification, PuTTY's PPK, RFC 9580 (OpenPGP), and the token
 * formats that services document. A header without a body does not count: programs and documentation are full of them.
 */
export const CONTENT_RULES: readonly ContentRule[] = [
  {
    kind: 'private-key',
    pattern: String.raw`-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----${BREAK}(?:[A-Z][A-Za-z-]{2,20}: [^\n]{1,80}\n\s*){0,4}[A-Za-z0-9+/=]{40}`,
  },
  { kind: 'private-key', pattern: 'AGE-SECRET-KEY-1[0-9A-Z]{58}' },
  { kind: 'private-key', pattern: 'PuTTY-User-Key-File-[23]: ' },
  {
    kind: 'private-key',
    pattern: 'untrusted comment: (?:minisign encrypted|signify) secret key',
  },
  // Base64-encoded PEM, as in a kubeconfig.
  {
    kind: 'private-key',
    pattern: 'LS0tLS1CRUdJTi[A-Za-z0-9+/]{60,}',
    isSecret: (match) =>
      /PRIVATE KEY-----/.test(Buffer.from(match.slice(0, 120), 'base64').toString('latin1')),
  },
  { kind: 'private-key', pattern: String.raw`PrivateKey[ \t]*=[ \t]*[A-Za-z0-9+/]{43}=` },
  { kind: 'token', pattern: String.raw`\bgh[pousr]_[A-Za-z0-9]{36,255}\b` },
  { kind: 'token', pattern: String.raw`\bgithub_pat_[A-Za-z0-9_]{60,255}\b` },
  { kind: 'token', pattern: String.raw`\bglpat-[A-Za-z0-9_-]{20,}` },
  { kind: 'token', pattern: String.raw`\bnpm_[A-Za-z0-9]{36}\b` },
  { kind: 'token', pattern: String.raw`_authToken[ \t]*=[ \t]*[^\s$"']{12,}` },
  {
    kind: 'token',
    pattern: String.raw`(?:aws_secret_access_key|AWS_SECRET_ACCESS_KEY|SecretAccessKey)["']?[ \t]*[:=][ \t]*["']?[A-Za-z0-9/+]{40}\b`,
    // The example key of Amazon's documentation.
    isSecret: (match) => !match.includes('EXAMPLEKEY'),
  },
  { kind: 'token', pattern: String.raw`\bAccountKey=[A-Za-z0-9+/]{86}==` },
  { kind: 'token', pattern: String.raw`\bxox[abprs]-[0-9]{8,}-[0-9A-Za-z-]{20,}` },
  { kind: 'token', pattern: String.raw`\bsk_live_[0-9a-zA-Z]{24,}` },
  { kind: 'token', pattern: String.raw`\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}` },
  { kind: 'token', pattern: String.raw`\bdckr_pat_[A-Za-z0-9_-]{27,}` },
  { kind: 'token', pattern: String.raw`\bhvs\.[A-Za-z0-9_-]{24,}` },
  // containers-auth.json(5) and docker's config.json.
  {
    kind: 'password',
    pattern: String.raw`"auths"\s*:\s*\{[^]{0,400}?"(?:auth|password|identitytoken|registrytoken)"\s*:\s*"[^"]{6,}"`,
  },
  // A kubeconfig.
  {
    kind: 'token',
    pattern: String.raw`\bkind: Config\b[^]{0,20000}?\n[ \t]+(?:token|password): ["']?[^\s"']{8,}`,
  },
];
