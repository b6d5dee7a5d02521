import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

export const OPENSSL: HostTool = {
  name: 'openssl',
  package: 'openssl',
  version: {
    args: ['version'],
    pattern: /OpenSSL (\d+(?:\.\d+)*)/,
    range: '>=1.1.1',
    reason: 'older ones have had no security updates since 2019',
  },
};

/** A detached signature; all are paths. */
export interface DetachedSignature {
  readonly content: string;
  /** PKCS#7 in DER. */
  readonly signature: string;
  /** X.509 in PEM. */
  readonly certificate: string;
}

/**
 * Signs a file as the kernel and systemd want the signature of a root hash: PKCS#7, detached, without attributes and
 * without certificates (kernel documentation, "dm-verity"; systemd, repart.d(5), `Verity=signature`).
 * @param key path of the private key in PEM, without a passphrase. It is read by openssl alone
 * @throws FactoryError `step` when openssl fails
 */
export async function signDetached(
  runner: Runner,
  { content, signature, certificate }: DetachedSignature,
  key: string,
): Promise<void> {
  const args = ['cms', '-sign', '-binary', '-noattr', '-nocerts', '-md', 'sha256', '-outform', 'DER'];
  // An empty passphrase, so that nothing ever asks for one at the terminal.
  args.push('-signer', certificate, '-inkey', key, '-passin', 'pass:', '-in', content, '-out', signature);
  await runner.run(OPENSSL, args);
}

/** @throws FactoryError `step` when the signature is not one of the certificate's key over the content */
export async function verifyDetached(
  runner: Runner,
  { content, signature, certificate }: DetachedSignature,
): Promise<void> {
  // -noverify: whether the certificate is trusted is the node's question, not whether the signature is right.
  const args = ['cms', '-verify', '-binary', '-inform', 'DER', '-in', signature, '-content', content];
  args.push('-certfile', certificate, '-nointern', '-noverify', '-out', '/dev/null');
  await runner.run(OPENSSL, args);
}
