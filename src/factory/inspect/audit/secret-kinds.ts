/** The kinds of secrets that an image must not hold: what each is, and what to do about it. */
export const SECRET_KINDS = {
  'private-key': {
    what: 'a private key',
    remedy:
      'bring it to the node at run time, by its cloud-config or a secret store, and leave it out of the image',
  },
  'ssh-host-key': {
    what: 'an SSH host key',
    remedy: 'remove it: every node makes its own at its first boot',
  },
  'machine-id': {
    what: 'the identity of a machine',
    remedy: 'empty the file: every node makes its own at its first boot',
  },
  'random-seed': {
    what: 'a seed of random numbers or a secret of one machine',
    remedy: 'remove it: every node makes its own',
  },
  'shell-history': { what: 'the history of a shell or program', remedy: 'remove it' },
  token: {
    what: 'a token or an access key of a service',
    remedy: 'revoke it, and bring a new one to the node at run time',
  },
  password: {
    what: 'a password',
    remedy: 'change it, and bring the new one to the node at run time',
  },
  'build-credential': {
    what: 'a credential that this build itself has',
    remedy:
      'find the step that writes it: a COPY of a configuration, a URL with a password in a Containerfile',
  },
} as const;

export type SecretKind = keyof typeof SECRET_KINDS;

/** Something found that ought not to be there. It never holds the secret. */
export interface Finding {
  /** Where: an absolute path in the image, `NAME:` and a path beside it, or that of an initramfs, `:` and a path in it. */
  readonly path: string;
  readonly kind: SecretKind;
  /** Of its first appearance, from 1; absent where it is the file as a whole, or no text. */
  readonly line?: number;
}
