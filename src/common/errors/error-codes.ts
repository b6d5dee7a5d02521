/**
 * The kind of an error, from the user's point of view. The kind decides the exit status
 * (docs/decisions/0006-errors-and-exit-codes.md): `usage` for wrong flags or invalid configuration, `tool` for a missing or
 * outdated host program, `step` for a failed build step, `verification` for a failed check, `interrupted` for a signal.
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
  OPTION_INVALID: usage('A flag or an argument has an invalid value.'),
  OPTION_MISSING: usage('A flag, an argument or a key that this command needs is missing.'),
  HOOK_REFUSED: usage('The configuration has hooks that run on the build machine, and nobody allowed them.'),
  HOOK_UNUSABLE: usage('A hook cannot be started, or two of its inputs have the same name.'),
  OPTION_CONFLICT: usage('Two flags or keys exclude each other.'),
  CONFIG_INVALID: usage('A configuration, flavor, model or lock file is malformed or has an invalid value.'),
  CONFIG_UNREADABLE: usage('A configuration, flavor, model or lock file cannot be read.'),
  TARGET_UNKNOWN: usage('The configuration has no such target, or has several and none was selected.'),
  TARGET_CONFLICT: usage('Targets of one command conflict with each other.'),
  FLAVOR_UNKNOWN: usage('The flavor does not exist.'),
  FLAVOR_UNSUITABLE: usage('The flavor does not match the base, or does not support the request.'),
  KERNEL_UNKNOWN: usage('The flavor has no such kernel.'),
  PACKAGE_SET_UNKNOWN: usage('The flavor has no such package set.'),
  RELEASE_UNKNOWN: usage('The flavor has no such release of its distribution.'),
  SNAPSHOT_UNAVAILABLE: usage('The distribution keeps no snapshot of its archive for that day.'),
  MODEL_UNKNOWN: usage('The model does not exist.'),
  MODEL_UNSUITABLE: usage('The model does not support the architecture or the flavor.'),
  COMMAND_UNSUPPORTED: usage("The agent does not have this command of upstream's agent."),
  ARCH_UNSUPPORTED: usage('The architecture is not supported.'),
  CONTAINERFILE_INVALID: usage('The Containerfile cannot be built on a base.'),
  NETWORK_UNUSABLE: usage('This machine lacks the network interface, or its address.'),
  PORT_IN_USE: usage('Another program has a network port that the command needs.'),
  DOCKER_CONFIG_INVALID: usage('The configuration of the Docker client cannot be used.'),
  BUILDKIT_CONFIG_INVALID: usage(
    'No BuildKit daemon is named, or its address or certificates cannot be used.',
  ),
  KUBECONFIG_INVALID: usage('No Kubernetes cluster is named, or its configuration cannot be used.'),
  TEMPLATE_INVALID: usage('A template is malformed.'),

  // Files and images that are given
  FILE_NOT_FOUND: usage('A given file or directory does not exist, or has the wrong type.'),
  FILE_EXISTS: usage('The destination already exists with other content.'),
  OUTPUT_UNWRITABLE: usage('The destination is not writable.'),
  CACHE_UNUSABLE: usage('The cache directory cannot be created or written to.'),
  SHARED_RESULT_LOST: step('A result that the shared cache has cannot be fetched.'),
  CACHE_BUSY: usage('Another command uses the cache, from which something is to be removed.'),
  LOG_NOT_FOUND: usage('The cache has no such log, and no log of such a step.'),
  OUTPUT_BUSY: usage('Another build is writing to the same output directory.'),
  BUILD_OUTPUT_INVALID: usage(
    'The directory is not the output of a build or a release, or lacks required files.',
  ),
  SOURCE_UNSUITABLE: usage(
    'The type of the source is not supported here, or the source lacks the required content.',
  ),
  IMAGE_REFERENCE_INVALID: usage('The text is not an image reference.'),
  IMAGE_NOT_FOUND: usage('The layout, archive, daemon or registry has no such image.'),
  IMAGE_AMBIGUOUS: usage('The layout or archive contains several images, and the tag does not select one.'),
  IMAGE_UNREADABLE: usage('The layout, archive or base cannot be read.'),
  ARTIFACT_UNREADABLE: usage('An artifact has a format or a compression that cannot be read in place.'),
  IMAGE_ARCH_MISMATCH: usage('The image is for another architecture than the build.'),
  BASE_NOT_FOUND: usage('The base does not exist.'),
  BASE_UNSUITABLE: usage('The base or kernel image lacks something that a build needs, such as a shell.'),
  LOCK_ENTRY_MISSING: usage('The lock file lacks an entry that --locked or --offline needs.'),

  // Rollouts
  ROLLOUT_UNPLANNED: usage('The rollout has no plan, or its file has changed since.'),
  ROLLOUT_BUSY: usage('Another process runs the same rollout.'),

  // Signing and pushing
  SIGNERS_INVALID: usage(
    'The keys, identities or trusted root that signatures are verified with cannot be used.',
  ),
  SIGNER_MISSING: usage('Neither flags nor configuration say who signs, or who must have signed.'),
  SIGNING_KEY_UNUSABLE: usage('The signing key or its certificate cannot be used.'),
  TRUST_CONFIG_INVALID: usage('trust.upgrade or trust.base cannot be applied.'),
  ATTESTATION_INVALID: usage('The type of the attestation is unknown, or its file cannot be used.'),
  PUSH_TARGET_INVALID: usage('The push destination is missing or unsuitable.'),
  PUSH_TAG_CONFLICT: usage('Two of the images to push would get the same tag or platform.'),

  // Cloud-config and the node
  CLOUD_CONFIG_INVALID: usage('The cloud-config is malformed, or has an invalid value.'),
  CLOUD_CONFIG_UNREADABLE: usage('The cloud-config cannot be read.'),
  ACCOUNT_INVALID: usage('A user, group or entity cannot be created or does not exist.'),
  DISK_NOT_FOUND: usage('The disk to install to does not exist.'),
  DISK_IN_USE: usage('The disk is mounted, or used by a volume.'),
  DISK_UNSUITABLE: usage('The machine cannot start a system from the disk.'),
  DISK_AMBIGUOUS: usage('Several disks have the partition, and nothing says which one is meant.'),
  DISK_TOO_SMALL: usage('The disk is too small for the partitions.'),
  PARTITION_NOT_FOUND: usage('The partition or filesystem does not exist.'),
  PARTITION_INVALID: usage('The requested partitions cannot be created.'),
  NODE_BUSY: usage('Another installation, upgrade or reset is running on the node.'),
  NODE_NOT_READY: usage('The node is not in the state that the command needs.'),
  CONFIRMATION_MISSING: usage('Erasing data was not confirmed.'),
  EXTENSION_NOT_FOUND: usage('The node has no such extension, or the source does not contain one.'),
  BUNDLE_INVALID: usage('The bundle cannot be used.'),

  // Host tools
  TOOL_MISSING: tool('A required program, or a file that comes with one, is not installed.'),
  MACHINE_UNREADY: tool('The machine lacks several things; the message lists all of them.'),
  TOOL_UNUSABLE: tool('A program is too old, or its version is known to be broken.'),
  AGENT_MISSING: tool('The agent was not built for that architecture.'),
  SUBORDINATE_IDS_MISSING: tool('The user has no subordinate ids.'),
  FOREIGN_ARCH_UNAVAILABLE: tool('This machine cannot run programs of that architecture.'),
  DOCKER_UNAVAILABLE: tool('The Docker daemon does not answer, refuses the user, or is too old.'),
  BUILDKIT_UNAVAILABLE: tool('A BuildKit daemon does not answer, or refuses this client.'),
  BUILDER_MISSING: tool('No BuildKit daemon runs programs of that architecture.'),

  // Steps: the machine
  TOOL_FAILED: step('A program failed, or did not produce the expected result.'),
  DISK_FULL: step('There is no space left, or too little to continue.'),
  PERMISSION_DENIED: step('The operating system denied permission.'),
  DISK_FAILED: step('A disk, or another device, reported an error.'),
  PATH_NOT_FOUND: step('A file that a step needs is missing, or is something else than the step needs.'),
  READ_ONLY: step('The filesystem is read-only.'),
  TOO_MANY_OPEN_FILES: step('The limit on open files is too low.'),
  DOCKER_FAILED: step('The Docker daemon reported an error, or went away during the build.'),
  BUILDKIT_FAILED: step(
    'A BuildKit daemon reported an error, has a full disk, or went away during the build.',
  ),

  // Steps: the network
  NOT_CACHED: step('--offline was given, and the cache lacks something that the build needs.'),
  CERTIFICATE_UNTRUSTED: step('The certificate of a server is not trusted.'),
  DOWNLOAD_FAILED: step('A file cannot be downloaded.'),
  REDIRECT_UNSAFE: step('A server redirects to an address that is not followed.'),
  REGISTRY_UNAUTHORIZED: step('The registry refuses access with these credentials, or without any.'),
  REGISTRY_NOT_FOUND: step('The registry has no such image, tag or blob.'),
  REGISTRY_REFUSED: step('The registry refuses a request, or its response cannot be used.'),
  REGISTRY_UNREACHABLE: step('The registry cannot be reached, or aborts a transfer.'),
  REGISTRY_TAG_TAKEN: step('The tag cannot be written because it already refers to something else.'),
  PLATFORM_NOT_FOUND: step('The index has no image for the platform.'),

  // Steps: content
  CONTAINERFILE_FAILED: step('An instruction of the Containerfile failed.'),
  PACKAGE_NOT_FOUND: step('The distribution has no such package.'),
  PACKAGE_DATABASE_UNREADABLE: step('The package database of an image cannot be read.'),
  PACKAGE_INDEX_MISSING: step('The package archive has no signed index.'),
  ARCHIVE_CORRUPT: step('An archive, or another compressed file, is corrupt or truncated.'),
  IMAGE_INCOMPLETE: step('The root filesystem of the image lacks something that the step needs.'),
  IMAGE_UNPACK_FAILED: step('The image cannot be unpacked.'),
  BOOT_LOADER_UNUSABLE: step(
    'The image has no boot loader for this artifact, disk or machine, or it is too large.',
  ),
  REBUILD_FAILED: step('A step of one of the two builds of verify-repro failed.'),

  // Steps: the node
  STAGE_FAILED: step('A stage, or one of its steps, failed.'),
  ACCOUNT_FAILED: step('A user or its SSH keys could not be set up completely.'),
  DEVICE_MISSING: step('A device did not appear, or a partition is missing.'),
  UNMOUNT_FAILED: step('A filesystem cannot be unmounted.'),
  INSTALL_VETOED: step('A step of the stage before-install cancelled the installation.'),
  EXTENSION_NOT_MERGED: step('The extension was not merged into the system.'),
  MACHINE_ID_MISSING: step('The node has no machine ID.'),

  KUBERNETES_FAILED: step('The Kubernetes API server refuses a request, or cannot be reached.'),
  NODE_UNREACHABLE: step('A node cannot be reached over SSH, or refuses the login.'),

  // Verification
  BOOT_FAILED: verification('A machine did not boot, or an event in the life of its system failed.'),
  DIGEST_MISMATCH: verification('A file, an image or a blob does not match its digest or checksum.'),
  RESPONSE_TOO_LARGE: verification('The response of a server exceeds the size limit.'),
  REDIRECT_WITHOUT_TLS: verification('A server redirects from https to http.'),
  TRANSPORT_UNSAFE: verification('The trust policy of the node forbids plain HTTP for this content.'),
  LOCK_DIFFERS: verification('An image or the packages differ from the lock file.'),
  IMAGE_CORRUPT: verification('An image or one of its layers is corrupt or has an unsupported format.'),
  ENTRY_REFUSED: verification(
    'A file in an image or archive is refused, because it could reach outside the root.',
  ),
  CONTENT_ARCH_MISMATCH: verification(
    'An image or a program has the wrong architecture for its destination.',
  ),
  IMAGE_NAME_REFUSED: verification(
    'A value in the release file of an image, in the os-release of a base or in a flavor cannot be part of a name.',
  ),
  ARTIFACT_CORRUPT: verification('An artifact, or a filesystem in it, is broken or cut short.'),
  NODE_UNHEALTHY: verification('A check of the running node failed; the report says which.'),
  HOST_KEY_REFUSED: verification('The SSH host key of a node is not known, or has changed.'),
  ROLLOUT_FAILED: verification('A node did not boot the image of the rollout, or is not healthy with it.'),
  IMAGE_NOT_OS: verification('The image is not an OS image.'),
  FILESYSTEM_CORRUPT: verification('A filesystem has errors.'),
  CLOUD_CONFIG_REFUSED: verification('The cloud-config has errors; the message lists all of them.'),
  TRUST_POLICY_UNUSABLE: verification('The trust policy of the node cannot be used, so nothing is trusted.'),
  TRUST_POLICY_SILENT: verification('No entry of the trust policy applies to this image.'),
  SIGNATURE_REFUSED: verification('An image or file is not signed by a required signer.'),
  SIGNATURE_NOT_STORED: verification('A new signature is invalid or did not reach its destination.'),
  ATTESTATION_MISSING: verification('The image lacks an attestation that the policy requires.'),
  PROOF_FAILED: verification('An artifact of a build did not pass its proof.'),
  PROOF_MISSING: verification('Nothing signed proves that the image or file passes the required events.'),
  SIGNED_LIST_INVALID: verification('SHA256SUMS is damaged, or does not match the files.'),
  EXTENSION_CONTENT_REFUSED: verification('The content is not allowed in the extension.'),
  PROGRAM_INVALID: verification('A file that must be a program is not one.'),
  SECRET_FOUND: verification('The image, or other content of the media, contains a secret.'),
  VULNERABILITY_FOUND: verification('A package has a known vulnerability that --fail-on refuses.'),
  SIZE_BUDGET_EXCEEDED: verification('The files of an image take more than --budget or size-budget allows.'),
  RELEASE_INVALID: verification('A release is incomplete, or one of its documents cannot be used.'),
  DAEMON_UNTRUSTED: verification('The certificate of the Docker or BuildKit daemon is not the expected one.'),

  // Signals
  ROLLOUT_PAUSED: { kind: 'interrupted', summary: 'The rollout was paused before all nodes were done.' },
  INTERRUPTED: { kind: 'interrupted', summary: 'The command received SIGINT, SIGTERM or SIGHUP.' },
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
