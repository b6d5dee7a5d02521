import { join } from 'node:path';
import { tool } from './tool.ts';

/** Paths of a private key and its certificate, both in PEM format. */
export interface TestSigner {
  readonly key: string;
  readonly certificate: string;
}

/** Generates a key and a self-signed certificate, which nothing trusts yet. */
export async function makeSigner(directory: string, name: string): Promise<TestSigner> {
  const [key, certificate] = [join(directory, `${name}.key`), join(directory, `${name}.crt`)];
  const kind = ['-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`, '-days', '30'];
  await tool('openssl', 'req', '-x509', ...kind, '-keyout', key, '-out', certificate);
  return { key, certificate };
}
