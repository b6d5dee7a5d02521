import { join } from 'node:path';
import { tool } from './tool.ts';

/** Paths of a private key and of its certificate, both PEM. */
export interface TestSigner {
  readonly key: string;
  readonly certificate: string;
}

/** Makes a key and a certificate that nobody trusts yet. */
export async function makeSigner(directory: string, name: string): Promise<TestSigner> {
  const [key, certificate] = [join(directory, `${name}.key`), join(directory, `${name}.crt`)];
  const kind = ['-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`, '-days', '30'];
  await tool('openssl', 'req', '-x509', ...kind, '-keyout', key, '-out', certificate);
  return { key, certificate };
}
