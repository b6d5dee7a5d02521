/** The kinds of secrets that an image must not contain: a description of each, and the remedy. */
export const SECRET_KINDS = {
  'private-key': {
    what: 'a private key',
    remedy:
      'deliver it to the node at run time, by its cloud-config or a secret store, and keep it out of the image',
  },
  'ssh-host-key': {
    what: 'an SSH host key',
    remedy: 'remove it: every node generates its own at its first boot',
  },
  'machine-id': {
    what: 'the identity of a machine',
    remedy: 'empty the file: every node generates its own at its first boot',
  },
  'random-seed': {
    what: 'a random seed or a machine secret',
    remedy: 'remove it: every node generates its own',
  },
  'shell-history': { what: 'a command history', remedy: 'remove it' },
  token: {
    what: 'a token or access key of a service',
    remedy: 'revoke it, and deliver a new one to the node at run time',
  },
  password: {
    what: 'a password',
    remedy: 'change it, and deliver the new one to the node at run time',
  },
  'build-credential': {
    what: 'a credential of this build',
    remedy:
      'find the step that writes it: a COPY of a configuration, a URL with a password in a Containerfile',
  },
} as const;

export type SecretKind = keyof typeof SECRET_KINDS;

/** A secret that was found: its path and kind, never its value. */
export interface Finding {
  /** An absolute path in the image; `NAME:` and a path, for another tree; or the path of an initramfs, `:` and a path in it. */
  readonly path: string;
  readonly kind: SecretKind;
  /** Line of the first occurrence, from 1; absent when the whole file is the secret, or when it is not text. */
  readonly line?: number;
}
