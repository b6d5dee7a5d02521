import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { CommandName } from './command-names.ts';

/** What people do with a command: its heading in the help text. */
export type Task = 'Start' | 'Build' | 'Run' | 'Trust' | 'Publish' | 'Explain';

/** One command: what a list says about it, and its definition, which is loaded only when it is needed. */
interface ListedCommand {
  readonly task: Task;
  /** One line without a full stop. It is also the description in the help of the command. */
  readonly summary: string;
  readonly load: () => Promise<CommandUnknownOpts>;
  /** Whether it describes the other commands, so that all are loaded with it. */
  readonly describesAll?: true;
}

/**
 * All commands. To load all of them takes half a second; a list needs none. A new command also needs its examples
 * (`reference/guides.ts`) and what its options take (`reference/option-values.ts`); then run `npm run docs`.
 */
export const COMMANDS: Readonly<Record<CommandName, ListedCommand>> = {
  init: {
    task: 'Start',
    summary: 'write the first files of a project: configuration, cloud-config, CI and ignore files',
    load: async () => (await import('./commands/init.ts')).initCommand(),
  },
  flavors: {
    task: 'Start',
    summary: 'list the flavors: the distributions that images are made of',
    load: async () => (await import('./commands/flavors.ts')).flavorsCommand(),
  },
  validate: {
    task: 'Start',
    summary: 'check a cloud-config',
    load: async () => (await import('./commands/validate.ts')).validateCommand(),
  },
  doctor: {
    task: 'Start',
    summary: 'check what a build needs of this machine, and install what is missing',
    load: async () => (await import('./commands/doctor.ts')).doctorCommand(),
  },
  build: {
    task: 'Build',
    summary: 'build an OS image and its artifacts',
    load: async () => (await import('./commands/build.ts')).buildCommand(),
  },
  artifacts: {
    task: 'Build',
    summary: 'make artifacts from an existing OS image',
    load: async () => (await import('./commands/artifacts.ts')).artifactsCommand(),
  },
  lock: {
    task: 'Build',
    summary: 'lock the image references of a build to digests, and optionally its packages',
    load: async () => (await import('./commands/lock.ts')).lockCommand(),
  },
  context: {
    task: 'Build',
    summary:
      'write the Containerfile and the context of a build to a folder, for docker build and similar tools',
    load: async () => (await import('./commands/context.ts')).contextCommand(),
  },
  sysext: {
    task: 'Build',
    summary: 'make a system extension: files for /usr and /opt, from a directory or a layer of an image',
    load: async () => (await import('./commands/sysext.ts')).sysextCommand(),
  },
  confext: {
    task: 'Build',
    summary: 'make a configuration extension: files for /etc, from a directory or a layer of an image',
    load: async () => (await import('./commands/sysext.ts')).confextCommand(),
  },
  boot: {
    task: 'Run',
    summary: 'boot an ISO or a disk in QEMU, with its console on this terminal (Ctrl-A X ends it)',
    load: async () => (await import('./commands/boot.ts')).bootCommand(),
  },
  ssh: {
    task: 'Run',
    summary: 'log in to a machine that boot --user has started, or run a command there',
    load: async () => (await import('./commands/ssh.ts')).sshCommand(),
  },
  'serve-netboot': {
    task: 'Run',
    summary: 'let machines of this network boot an artifact netboot, and show how far each one comes',
    load: async () => (await import('./commands/serve-netboot.ts')).serveNetbootCommand(),
  },
  prove: {
    task: 'Run',
    summary: 'boot artifacts in QEMU, and let the systems themselves show that they work',
    load: async () => (await import('./commands/prove.ts')).proveCommand(),
  },
  rollout: {
    task: 'Run',
    summary: 'upgrade nodes over SSH, in waves, and stop unless each boots the image and is healthy',
    load: async () => (await import('./commands/rollout.ts')).rolloutCommand(),
  },
  operator: {
    task: 'Run',
    summary: 'build images in a Kubernetes cluster, and upgrade its nodes, as its resources ask',
    load: async () => (await import('./commands/operator.ts')).operatorCommand(),
  },
  farm: {
    task: 'Run',
    summary: 'steps of a build in a pod of the build farm, before and after the build itself',
    load: async () => (await import('./commands/farm.ts')).farmCommand(),
  },
  sign: {
    task: 'Trust',
    summary: 'sign images in registries, files, or the output of a build',
    load: async () => (await import('./commands/sign.ts')).signCommand(),
  },
  verify: {
    task: 'Trust',
    summary: 'verify signatures and content of images, files, or the output of a build',
    load: async () => (await import('./commands/verify.ts')).verifyCommand(),
  },
  'verify-repro': {
    task: 'Trust',
    summary: 'build twice and compare the bytes; exit status 5 if they differ',
    load: async () => (await import('./commands/verify-repro.ts')).verifyReproCommand(),
  },
  push: {
    task: 'Publish',
    summary: 'push builds to a registry: content first, tags when the content is complete',
    load: async () => (await import('./commands/push.ts')).pushCommand(),
  },
  release: {
    task: 'Publish',
    summary: 'build all targets of a configuration, and collect them in one folder to publish',
    load: async () => (await import('./commands/release.ts')).releaseCommand(),
  },
  plan: {
    task: 'Explain',
    summary: 'show what a build would do: cached steps, predicted time, sizes and room',
    load: async () => (await import('./commands/plan.ts')).planCommand(),
  },
  logs: {
    task: 'Explain',
    summary: 'list the logs of the last commands, or show one, or the lines of a step',
    load: async () => (await import('./commands/logs.ts')).logsCommand(),
  },
  cache: {
    task: 'Explain',
    summary: 'show how large the cache is, and remove what is not used from it',
    load: async () => (await import('./commands/cache.ts')).cacheCommand(),
  },
  inspect: {
    task: 'Explain',
    summary: 'describe an artifact, an image or a folder, whoever made it',
    load: async () => (await import('./commands/inspect.ts')).inspectCommand(),
  },
  size: {
    task: 'Explain',
    summary: 'show what makes an image large, and check it against a budget',
    load: async () => (await import('./commands/size.ts')).sizeCommand(),
  },
  check: {
    task: 'Explain',
    summary: 'check whether an image or a directory is a conformant OS image',
    load: async () => (await import('./commands/check.ts')).checkCommand(),
  },
  diff: {
    task: 'Explain',
    summary: 'compare two images or artifacts; exit status 5 if they differ',
    load: async () => (await import('./commands/diff.ts')).diffCommand(),
  },
  completion: {
    task: 'Explain',
    summary: 'print the completion script of a shell: bash, zsh or fish',
    load: async () => (await import('./commands/completion.ts')).completionCommand(),
    describesAll: true,
  },
  help: {
    task: 'Explain',
    summary: 'show the help of a command',
    load: async () => (await import('./commands/help.ts')).helpCommand(),
  },
};
