import { mkdir, writeFile } from 'node:fs/promises';
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

/** Creates a CA, and one key with certificates for a server at the loopback address, `server.pem`, and for a client, `cert.pem`. */
export async function makeClientCertificates(directory: string): Promise<void> {
  await mkdir(directory);
  const at = (name: string) => join(directory, name);
  const authority = ['-x509', '-subj', '/CN=test', '-keyout', at('ca-key.pem'), '-out', at('ca.pem')];
  await tool('openssl', 'req', '-newkey', 'rsa:2048', '-noenc', '-days', '2', ...authority);
  const subject = ['-subj', '/CN=127.0.0.1', '-keyout', at('key.pem'), '-out', at('request.pem')];
  await tool('openssl', 'req', '-newkey', 'rsa:2048', '-noenc', ...subject);
  const sign = [
    '-req',
    '-in',
    at('request.pem'),
    '-CA',
    at('ca.pem'),
    '-CAkey',
    at('ca-key.pem'),
    '-CAcreateserial',
  ];
  for (const [name, extensions] of [
    ['server.pem', 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n'],
    ['cert.pem', 'extendedKeyUsage=clientAuth\n'],
  ] as const) {
    await writeFile(at('extensions'), extensions);
    await tool('openssl', 'x509', ...sign, '-days', '2', '-extfile', at('extensions'), '-out', at(name));
  }
}
