import { generateKeyPairSync } from 'node:crypto';
import type { SecretKind } from '../../../../../src/factory/inspect/audit/secret-kinds.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const RSA = rsa.export({ type: 'pkcs1', format: 'pem' }).toString();
const PKCS8 = rsa.export({ type: 'pkcs8', format: 'pem' }).toString();
const ENCRYPTED = rsa
  .export({ type: 'pkcs1', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
  .toString();
const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ type: 'sec1', format: 'pem' })
  .toString();
const ED = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const body = (length: number) => 'QUJDREVGR0hJSktMTU5P'.repeat(20).slice(0, length);
const armour = (name: string) => `-----BEGIN ${name}-----\n${body(70)}\n-----END ${name}-----\n`;

/** An example of each kind of secret, with its path. None of them is in use; the keys are generated at every run. */
export const PLANTED: readonly {
  readonly kind: SecretKind;
  readonly path: string;
  readonly content: string | Buffer;
}[] = [
  { kind: 'private-key', path: 'etc/ssl/private/rsa.pem', content: RSA },
  { kind: 'private-key', path: 'etc/ssl/private/pkcs8.pem', content: PKCS8 },
  { kind: 'private-key', path: 'etc/ssl/private/encrypted.pem', content: ENCRYPTED },
  { kind: 'private-key', path: 'etc/ssl/private/ec.pem', content: `a comment\n${EC}` },
  { kind: 'private-key', path: 'etc/ssl/private/crlf.pem', content: ED.replaceAll('\n', '\r\n') },
  { kind: 'private-key', path: 'root/.ssh/id_ed25519', content: armour('OPENSSH PRIVATE KEY') },
  { kind: 'private-key', path: 'opt/account.json', content: JSON.stringify({ private_key: PKCS8 }) },
  { kind: 'private-key', path: 'opt/source.c', content: RSA.replaceAll(/^(.*)$/gm, '"$1\\n"') },
  { kind: 'private-key', path: 'etc/cosign.key', content: armour('ENCRYPTED SIGSTORE PRIVATE KEY') },
  { kind: 'private-key', path: 'etc/old-cosign.key', content: armour('ENCRYPTED COSIGN PRIVATE KEY') },
  {
    kind: 'private-key',
    path: 'root/secret.asc',
    content: `-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n${body(64)}\n`,
  },
  {
    kind: 'private-key',
    path: 'root/.gnupg/private-keys-v1.d/ABCD.key',
    content: 'Created: 20260101T000000\n',
  },
  { kind: 'private-key', path: 'root/.gnupg/secring.gpg', content: Buffer.from([0x95, 1, 0, 4]) },
  { kind: 'private-key', path: 'root/key.txt', content: `AGE-SECRET-KEY-1${'Q'.repeat(58)}\n` },
  { kind: 'private-key', path: 'root/key.ppk', content: 'PuTTY-User-Key-File-3: ssh-ed25519\n' },
  {
    kind: 'private-key',
    path: 'root/m.key',
    content: 'untrusted comment: minisign encrypted secret key\nRW\n',
  },
  {
    kind: 'private-key',
    path: 'etc/wireguard/wg0.conf',
    content: `[Interface]\nPrivateKey = ${body(43)}=\n`,
  },
  {
    kind: 'private-key',
    path: 'etc/kubernetes/admin.conf',
    content: `client-key-data: ${Buffer.from(EC).toString('base64')}\n`,
  },
  { kind: 'private-key', path: 'etc/store.p12', content: Buffer.from([0x30, 0x82, 0x01, 0x00, 0x02]) },
  { kind: 'private-key', path: 'etc/store.jks', content: Buffer.from([0xfe, 0xed, 0xfe, 0xed, 0, 0]) },
  {
    kind: 'ssh-host-key',
    path: 'etc/dropbear/dropbear_ed25519_host_key',
    content: Buffer.from([0, 0, 0, 11]),
  },
  { kind: 'machine-id', path: 'etc/machine-id', content: '0123456789abcdef0123456789abcdef\n' },
  { kind: 'machine-id', path: 'var/lib/dbus/machine-id', content: '0123456789abcdef0123456789abcdef\n' },
  { kind: 'random-seed', path: 'var/lib/systemd/random-seed', content: Buffer.alloc(32, 7) },
  { kind: 'random-seed', path: 'var/lib/systemd/credential.secret', content: Buffer.alloc(32, 7) },
  { kind: 'random-seed', path: 'var/lib/seedrng/seed.credit', content: Buffer.alloc(32, 7) },
  { kind: 'shell-history', path: 'root/.bash_history', content: 'ls\n' },
  { kind: 'shell-history', path: 'home/ann/.python_history', content: 'import os\n' },
  { kind: 'token', path: 'opt/a.env', content: `GITHUB_TOKEN=ghp_${body(36).replaceAll(/\W/g, 'x')}\n` },
  { kind: 'token', path: 'opt/b.env', content: `T=github_pat_${'A1b2'.repeat(20)}\n` },
  { kind: 'token', path: 'opt/c.env', content: `T=glpat-${'A1b2'.repeat(5)}\n` },
  { kind: 'token', path: 'root/.npmrc', content: '//registry.npmjs.org/:_authToken=0a1b2c3d-0a1b-2c3d\n' },
  { kind: 'token', path: 'opt/d.env', content: `T=npm_${'A1b2'.repeat(9)}\n` },
  {
    kind: 'token',
    path: 'root/.aws/credentials',
    content: `[default]\naws_access_key_id = AKIAABCDEFGHIJKLMNOP\naws_secret_access_key = ${body(40)}\n`,
  },
  { kind: 'token', path: 'opt/azure.env', content: `C="AccountName=x;AccountKey=${body(86)}==;"\n` },
  {
    kind: 'token',
    path: 'opt/slack.env',
    content: `T=${['xoxb', '123456789012', 'A1b2'.repeat(6)].join('-')}\n`,
  },
  { kind: 'token', path: 'opt/stripe.env', content: `T=${['sk', 'live', 'A1b2'.repeat(6)].join('_')}\n` },
  { kind: 'token', path: 'opt/pypi.env', content: `T=pypi-AgEIcHlwaS5vcmc${'A1b2'.repeat(15)}\n` },
  { kind: 'token', path: 'opt/docker.env', content: `T=dckr_pat_${'A1b2'.repeat(7)}\n` },
  { kind: 'token', path: 'opt/vault.env', content: `T=hvs.${'A1b2'.repeat(7)}\n` },
  {
    kind: 'token',
    path: 'root/.kube/config',
    content: 'apiVersion: v1\nkind: Config\nusers:\n- name: a\n  user:\n    token: abcdefghijklmnop\n',
  },
  { kind: 'token', path: 'root/.config/gh/hosts.yml', content: 'github.com:\n  oauth_token: abc\n' },
  { kind: 'token', path: 'root/.config/gcloud/credentials.db', content: Buffer.from('SQLite format 3\0') },
  { kind: 'token', path: 'root/.vault-token', content: 'abc' },
  {
    kind: 'password',
    path: 'root/.docker/config.json',
    content: JSON.stringify({ auths: { 'registry.example': { auth: 'dXNlcjpwYXNz' } } }),
  },
  { kind: 'password', path: 'root/.netrc', content: 'machine example.org login ann password x\n' },
  { kind: 'password', path: 'etc/apt/auth.conf.d/site.conf', content: 'machine x login y password z\n' },
  { kind: 'password', path: 'root/.git-credentials', content: 'https://ann:secret@example.org\n' },
  { kind: 'password', path: 'root/.pypirc', content: '[pypi]\nusername = a\npassword = b\n' },
  {
    kind: 'password',
    path: 'etc/apt/apt.conf.d/80proxy',
    content: 'Acquire::http::Proxy "http://ann:secret@proxy:3128";\n',
  },
  {
    kind: 'password',
    path: 'etc/yum.repos.d/site.repo',
    content: '[a]\nbaseurl=https://ann:secret@example.org/\n',
  },
];
