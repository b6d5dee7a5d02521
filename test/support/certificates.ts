import { join } from 'node:path';
import { tool } from './tool.ts';

/** Creates a CA for the test, `ca.pem`, and a certificate for the loopback address. */
export async function makeCertificates(directory: string) {
  const at = (name: string) => join(directory, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const authority = ['-keyout', at('ca.key'), '-out', at('ca.pem'), '-subj', '/CN=Test authority'];
  await tool('openssl', 'req', '-x509', ...key, ...authority);
  const server = ['-keyout', at('key.pem'), '-out', at('cert.pem'), '-subj', '/CN=registry'];
  const by = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-addext', 'subjectAltName=IP:127.0.0.1'];
  await tool('openssl', 'req', '-x509', ...key, ...server, ...by);
  return { certificate: at('cert.pem'), key: at('key.pem') };
}
