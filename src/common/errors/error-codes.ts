/**
 * What went wrong, in the terms of the person at the terminal. The kind decides the exit status
 * (docs/decisions/0006-errors-and-exit-codes.md): `usage` wrong flags or invalid configuration, `tool` a missing or too
 * old host program, `step` a build step that failed, `verification` something that did not hold when it was checked,
 * `interrupted` a signal.
 */
export type ErrorKind = 'usage' | 'tool' | 'step' | 'verification' | 'interrupted';

/** An entry of {@link ERROR_CODES}. */
interface CodeFacts {
  readonly kind: ErrorKind;
  /** One sentence for docs/errors.md. */
  readonly summary: string;
}

/**
 * Every code that an error can have: a closed set, which scripts may rely on. A code keeps its name and its kind; docs/errors.md
 * lists them from here (`npm run docs`).
 */
export const ERROR_CODES = {
  // Flags and configuration
  OPTION_INVALID: usage('A flag or an argument has a value that it cannot have.'),
  OPTION_MISSING: usage('A flag, an argument or a key that this command needs is missing.'),
  OPTION_CONFLICT: usage('Two flags or keys exclude each other.'),
  CONFIG_INVALID: usage('A configuration, flavor, model or lock file is malformed or has an invalid value.'),
  CONFIG_UNREADABLE: usage('A configuration, flavor, model or lock file cannot be read.'),
  TARGET_UNKNOWN: usage('The configuration has no such target, or one has to be chosen.'),
  TARGET_CONFLICT: usage('Targets of one command contradict each other.'),
  FLAVOR_UNKNOWN: usage('There is no such flavor.'),
  FLAVOR_UNSUITABLE: usage('The flavor does not fit the base, or cannot do what is asked of it.'),
  KERNEL_UNKNOWN: usage('The flavor has no such kernel.'),
  RELEASE_UNKNOWN: usage('The flavor has no such release of its distribution.'),
  SNAPSHOT_UNAVAILABLE: usage('The distribution keeps no snapshot of its archive for that day.'),
  MODEL_UNKNOWN: usage('There is no such model.'),
  MODEL_UNSUITABLE: usage('The model does not fit the architecture or the flavor.'),
  ARCH_UNSUPPORTED: usage('That architecture is not supported here.'),
  CONTAINERFILE_INVALID: usage('The Containerfile cannot be built on a base.'),
  DOCKER_CONFIG_INVALID: usage('The configuration of the Docker client cannot be used.'),
  TEMPLATE_INVALID: usage('A template is malformed.'),

  // Files and images that are given
  FILE_NOT_FOUND: usage('A file or directory that was named does not exist, or is of another type.'),
  FILE_EXISTS: usage('The place to write to already has something else.'),
  OUTPUT_UNWRITABLE: usage('The place to write to cannot be written.'),
  OUTPUT_BUSY: usage('Another build writes to the same output directory.'),
  BUILD_OUTPUT_INVALID: usage(
    'The directory is not the output of a build or a release, or lacks what is needed of it.',
  ),
  SOURCE_UNSUITABLE: usage(
    'The source is of a type that cannot be used here, or has nothing that is needed.',
  ),
  IMAGE_REFERENCE_INVALID: usage('The text does not name an image.'),
  IMAGE_NOT_FOUND: usage('The layout, archive, daemon or registry has no such image.'),
  IMAGE_AMBIGUOUS: usage('The layout or archive holds several images, and the tag does not choose one.'),
  IMAGE_UNREADABLE: usage('The layout, archive or base cannot be read.'),
  IMAGE_ARCH_MISMATCH: usage('The image is for another architecture than the build.'),
  BASE_NOT_FOUND: usage('The base does not exist.'),
  BASE_UNSUITABLE: usage('The base or kernel image lacks something that a build needs, such as a shell.'),
  LOCK_ENTRY_MISSING: usage('The lock file lacks an entry that --locked or --offline needs.'),

  // Signing and pushing
  SIGNERS_INVALID: usage(
    'The keys, identities or trusted root that signatures are verified with cannot be used.',
  ),
  SIGNER_MISSING: usage('Nothing says who signs, or who must have signed.'),
  SIGNING_KEY_UNUSABLE: usage('The signing key or its certificate cannot be used.'),
  TRUST_CONFIG_INVALID: usage('trust.upgrade or trust.base asks for something that cannot be done.'),
  ATTESTATION_INVALID: usage('The attestation is of an unknown type, or its file cannot be used.'),
  PUSH_TARGET_INVALID: usage('The place to push to is missing, or cannot be pushed to.'),
  PUSH_TAG_CONFLICT: usage('Two of the images to push would get the same tag or platform.'),

  // Cloud-config and the node
  CLOUD_CONFIG_INVALID: usage('The cloud-config is malformed, or has an invalid value.'),
  CLOUD_CONFIG_UNREADABLE: usage('The cloud-config cannot be read.'),
  ACCOUNT_INVALID: usage('A user, group or entity cannot be created or does not exist.'),
  DISK_NOT_FOUND: usage('There is no such disk to install to.'),
  DISK_IN_USE: usage('The disk is mounted, or used by a volume.'),
  DISK_TOO_SMALL: usage('The disk is too small for the partitions.'),
  PARTITION_NOT_FOUND: usage('There is no such partition or filesystem.'),
  PARTITION_INVALID: usage('The partitions that are asked for cannot be made.'),
  NODE_BUSY: usage('Another installation, upgrade or reset is running on the node.'),
  NODE_NOT_READY: usage('The node is not in the state that the command needs.'),
  CONFIRMATION_MISSING: usage('The question before something is erased was not answered with yes.'),
  EXTENSION_NOT_FOUND: usage('The node has no such extension, or the source holds none.'),
  BUNDLE_INVALID: usage('The bundle cannot be used.'),

  // Host tools
  TOOL_MISSING: tool('A program that is needed, or a file that comes with one, is not installed.'),
  TOOL_UNUSABLE: tool('A program is too old, or of a version that is known to be broken.'),
  AGENT_MISSING: tool('The agent was not built for that architecture.'),
  SUBORDINATE_IDS_MISSING: tool('The user has no subordinate ids.'),
  FOREIGN_ARCH_UNAVAILABLE: tool('This machine cannot run programs of that architecture.'),
  DOCKER_UNAVAILABLE: tool('The Docker daemon does not answer, refuses the user, or is too old.'),

  // Steps: the machine
  TOOL_FAILED: step('A program ended with an error, or did not make what it should.'),
  DISK_FULL: step('There is no space left, or too little for what comes.'),
  PERMISSION_DENIED: step('The operating system does not permit it.'),
  PATH_NOT_FOUND: step('A file is missing that has to be there in the middle of a step.'),
  READ_ONLY: step('The filesystem is read-only.'),
  TOO_MANY_OPEN_FILES: step('The limit of open files is too low.'),
  DOCKER_FAILED: step('The Docker daemon reported an error, or went away during the build.'),

  // Steps: the network
  NOT_CACHED: step('--offline, and the cache lacks something.'),
  CERTIFICATE_UNTRUSTED: step('The certificate of a server is not trusted.'),
  DOWNLOAD_FAILED: step('A file cannot be downloaded.'),
  REDIRECT_UNSAFE: step('A server redirects to a place that is not followed.'),
  REGISTRY_UNAUTHORIZED: step('The registry refuses access with these credentials, or without any.'),
  REGISTRY_NOT_FOUND: step('The registry has no such image, tag or blob.'),
  REGISTRY_REFUSED: step('The registry refuses a request, or answers in a way that cannot be used.'),
  REGISTRY_UNREACHABLE: step('The registry cannot be reached, or gives up in the middle of a transfer.'),
  REGISTRY_TAG_TAKEN: step('The tag cannot be written because something else has it.'),
  PLATFORM_NOT_FOUND: step('The index of an image lists none for the platform.'),

  // Steps: content
  PACKAGE_NOT_FOUND: step('The distribution has no such package.'),
  PACKAGE_DATABASE_UNREADABLE: step('The package database of an image cannot be read.'),
  PACKAGE_INDEX_MISSING: step('The package archive has no signed index.'),
  ARCHIVE_CORRUPT: step('An archive, or another compressed file, is corrupt or cut short.'),
  IMAGE_INCOMPLETE: step('The root filesystem of the image lacks something that the step needs.'),
  IMAGE_UNPACK_FAILED: step('The image cannot be unpacked.'),
  BOOT_LOADER_UNUSABLE: step(
    'The image has no boot loader for this artifact, disk or machine, or one that is too large.',
  ),
  REBUILD_FAILED: step('One of the two builds of verify-repro failed.'),

  // Steps: the node
  STAGE_FAILED: step('A stage, or a step of it, failed.'),
  ACCOUNT_FAILED: step('A user or its SSH keys could not be set up completely.'),
  DEVICE_MISSING: step('A device did not appear, or a partition is missing.'),
  UNMOUNT_FAILED: step('A filesystem cannot be unmounted.'),
  INSTALL_VETOED: step('A step of the stage before-install asked to abandon the installation.'),
  EXTENSION_NOT_MERGED: step('The extension was not merged into the system.'),
  MACHINE_ID_MISSING: step('The node has no identifier of its own.'),

  // Verification
  DIGEST_MISMATCH: verification('A file, an image or a blob is not what its digest or checksum says.'),
  RESPONSE_TOO_LARGE: verification('A server sends more than the answer can have.'),
  REDIRECT_WITHOUT_TLS: verification('A server redirects from https to http.'),
  LOCK_DIFFERS: verification('An image or the packages are not those of the lock file.'),
  IMAGE_CORRUPT: verification(
    'An image or one of its layers is corrupt, or of a form that is not supported.',
  ),
  ENTRY_REFUSED: verification(
    'A file in an image or archive is refused, because it could reach outside of the root.',
  ),
  CONTENT_ARCH_MISMATCH: verification(
    'An image or a program is for another architecture than where it belongs.',
  ),
  IMAGE_NOT_OS: verification('The image is not an OS image.'),
  FILESYSTEM_CORRUPT: verification('A filesystem has errors.'),
  CLOUD_CONFIG_REFUSED: verification('The cloud-config has errors, which are all listed.'),
  TRUST_POLICY_UNUSABLE: verification('The trust policy of the node cannot be used, so nothing is trusted.'),
  TRUST_POLICY_SILENT: verification('No entry of the trust policy is about this image.'),
  SIGNATURE_REFUSED: verification('An image or file is not signed by whom it has to be.'),
  SIGNATURE_NOT_STORED: verification('A signature was made, and does not hold or did not arrive.'),
  ATTESTATION_MISSING: verification('The image lacks an attestation that the policy asks for.'),
  SIGNED_LIST_INVALID: verification('SHA256SUMS is damaged, or is not what the files are.'),
  EXTENSION_CONTENT_REFUSED: verification('The content does not fit the extension.'),
  PROGRAM_INVALID: verification('A file that has to be a program is not one.'),
  SECRET_FOUND: verification('The image, or what goes onto the media beside it, holds a secret.'),
  VULNERABILITY_FOUND: verification('A package has a known vulnerability that --fail-on refuses.'),
  RELEASE_INVALID: verification('A release is not whole, or a document of it cannot be used.'),
  DAEMON_UNTRUSTED: verification('The Docker daemon is not the one that its certificate has to name.'),

  // Signals
  INTERRUPTED: { kind: 'interrupted', summary: 'The command got SIGINT or SIGTERM.' },
} as const satisfies Record<string, CodeFacts>;

/** The code of an error. */
export type ErrorCode = keyof typeof ERROR_CODES;

function usage(summary: string) {
  return { kind: 'usage', summary } as const;
}

function tool(summary: string) {
  return { kind: 'tool', summary } as const;
}

function step(summary: string) {
  return { kind: 'step', summary } as const;
}

function verification(summary: string) {
  return { kind: 'verification', summary } as const;
}
