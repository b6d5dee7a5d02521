import type { SecretKind } from './secret-kinds.ts';

/** Recognises a secret by its path. */
interface FileRule {
  readonly kind: SecretKind;
  /** Matches the absolute path in the image. */
  readonly path: RegExp;
  /** Matches the content, decoded as Latin-1. When absent, any content counts except an empty file. */
  readonly content?: RegExp;
}

const SETTINGS =
  'apt/(?:sources\\.list|apt\\.conf|auth\\.conf)|yum\\.repos\\.d|dnf|zypp|apk/repositories|pip\\.conf|environment|profile|wgetrc';

/** Sources: machine-id(5), systemd-random-seed(8), systemd-creds(1), netrc(5), apt_auth.conf(5), the tools' own manuals. */
export const FILE_RULES: readonly FileRule[] = [
  { kind: 'ssh-host-key', path: /^\/etc\/(?:ssh\/ssh_host_[^/]*_key|dropbear\/[^/]*_host_key)$/ },
  {
    kind: 'machine-id',
    path: /^\/(?:etc|var\/lib\/dbus)\/machine-id$/,
    content: /^(?!\s*(?:uninitialized\s*)?$)/,
  },
  {
    kind: 'random-seed',
    path: /^\/(?:var\/lib\/(?:systemd|misc|urandom)\/random-seed|var\/lib\/random-seed|var\/lib\/seedrng\/|var\/lib\/systemd\/credential\.secret$|(?:boot|efi)\/loader\/random-seed$)/,
  },
  {
    kind: 'shell-history',
    path: /\/(?:\.(?:bash|ash|zsh|sh|ksh|python|psql|mysql|sqlite|node_repl|irb|rediscli)_history|fish_history|\.viminfo)$/,
  },
  { kind: 'password', path: /\/[._]netrc$|^\/etc\/apt\/auth\.conf(?:\.d\/|$)/, content: /\bpassword\s+\S/ },
  { kind: 'password', path: /\/\.(?:git-credentials|pgpass)$/, content: /:[^\s:@]+@?/ },
  { kind: 'password', path: /\/\.pypirc$/, content: /^\s*password\s*[:=]\s*\S/m },
  { kind: 'password', path: /\/\.npmrc$/, content: /_(?:password|auth)\s*=\s*[^\s$]{4,}/ },
  { kind: 'token', path: /\/\.config\/(?:gh\/hosts\.yml|hub)$/, content: /oauth_token:\s*\S/ },
  { kind: 'token', path: /\/\.azure\/(?:accessTokens\.json|msal_token_cache\.(?:json|bin))$/ },
  {
    kind: 'token',
    path: /\/(?:\.config\/)?gcloud\/(?:credentials\.db|access_tokens\.db|application_default_credentials\.json|legacy_credentials\/.+)$/,
  },
  { kind: 'token', path: /\/\.vault-token$/ },
  { kind: 'private-key', path: /\/(?:private-keys-v1\.d\/[^/]+\.key|secring\.gpg)$/ },
  // PKCS#12 is DER; a Java key store starts with its own magic number.
  { kind: 'private-key', path: /\.(?:p12|pfx)$/i, content: /^0[\x80-\x84]/ },
  { kind: 'private-key', path: /\.(?:jks|keystore)$/i, content: /^\xfe\xed\xfe\xed/ },
  // A password in the URL of an archive or proxy; a variable reference does not count.
  {
    kind: 'password',
    path: new RegExp(`^/etc/(?:${SETTINGS})`),
    content: /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@"']+:[^\s/@$"']+@/,
  },
];
