import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

export const OPENSSL: HostTool = {
  name: 'openssl',
  package: 'openssl',
  purpose: 'signs the hash tree of an extension',
  version: {
    args: ['version'],
    pattern: /OpenSSL (\d+(?:\.\d+)*)/,
    range: '>=1.1.1',
    reason: 'older versions have had no security updates since 2019',
  },
};

/** The paths of a detached signature and its inputs. */
export interface DetachedSignature {
  readonly content: string;
  /** PKCS#7 in DER. */
  readonly signature: string;
  /** X.509 in PEM. */
  readonly certificate: string;
}

/**
 * Signs a file in the form that the kernel and systemd require for a root hash: detached PKCS#7 without attributes or
 * certificates (kernel documentation, "dm-verity"; systemd, repart.d(5), `Verity=signature`).
 * @param key path of the private key in PEM, without a passphrase; only openssl reads it
 * @throws FactoryError `step` when openssl fails
 */
export async function signDetached(
  runner: Runner,
  { content, signature, certificate }: DetachedSignature,
  key: string,
): Promise<void> {
  const args = ['cms', '-sign', '-binary', '-noattr', '-nocerts', '-md', 'sha256', '-outform', 'DER'];
  // An empty passphrase prevents a prompt at the terminal.
  args.push('-signer', certificate, '-inkey', key, '-passin', 'pass:', '-in', content, '-out', signature);
  await runner.run(OPENSSL, args);
}

/** Checks a detached signature. @throws FactoryError `step` when the certificate's key did not sign the content */
export async function verifyDetached(
  runner: Runner,
  { content, signature, certificate }: DetachedSignature,
): Promise<void> {
  // -noverify: this checks the signature; the node decides whether to trust the certificate.
  const args = ['cms', '-verify', '-binary', '-inform', 'DER', '-in', signature, '-content', content];
  args.push('-certfile', certificate, '-nointern', '-noverify', '-out', '/dev/null');
  await runner.run(OPENSSL, args);
}

/** The hash of a password for /etc/shadow: SHA-512 with a random salt (crypt(5)). The password is not an argument. */
export async function hashPassword(runner: Runner, password: string): Promise<string> {
  const { stdout } = await runner.run(OPENSSL, ['passwd', '-6', '-stdin'], { input: `${password}\n` });
  return stdout.trim();
}
