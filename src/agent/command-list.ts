import type { AgentCommand } from './commands/agent-command.ts';

/** A command that is loaded when it is called: what only other commands need takes no time at the start. */
export interface ListedCommand {
  /** The name, and upstream's aliases (docs/contract.md 5.1). */
  readonly names: readonly string[];
  readonly load: () => Promise<AgentCommand>;
}

/** All commands, in the order of help. */
export const COMMAND_LIST: readonly ListedCommand[] = [
  { names: ['install', 'i'], load: async () => (await import('./commands/install.ts')).installCommand },
  {
    names: ['manual-install', 'm'],
    load: async () => (await import('./commands/manual-install.ts')).manualInstallCommand,
  },
  {
    names: ['interactive-install'],
    load: async () => (await import('./commands/interactive-install.ts')).interactiveInstallCommand,
  },
  { names: ['upgrade'], load: async () => (await import('./commands/upgrade.ts')).upgradeCommand },
  { names: ['reset'], load: async () => (await import('./commands/reset.ts')).resetCommand },
  { names: ['run-stage'], load: async () => (await import('./commands/run-stage.ts')).runStageCommand },
  { names: ['validate'], load: async () => (await import('./commands/validate.ts')).validateCommand },
  {
    names: ['print-schema'],
    load: async () => (await import('./commands/print-schema.ts')).printSchemaCommand,
  },
  {
    names: ['render-template'],
    load: async () => (await import('./commands/render-template.ts')).renderTemplateCommand,
  },
  { names: ['config', 'c'], load: async () => (await import('./commands/config.ts')).configCommand },
  { names: ['state'], load: async () => (await import('./commands/state.ts')).stateCommand },
  { names: ['doctor'], load: async () => (await import('./commands/doctor.ts')).doctorCommand },
  { names: ['bootentry'], load: async () => (await import('./commands/bootentry.ts')).bootentryCommand },
  { names: ['grubedit'], load: async () => (await import('./commands/grubedit.ts')).grubeditCommand },
  { names: ['sysext'], load: async () => (await import('./commands/sysext.ts')).sysextCommand },
  { names: ['confext'], load: async () => (await import('./commands/sysext.ts')).confextCommand },
  {
    names: ['install-bundle'],
    load: async () => (await import('./commands/install-bundle.ts')).installBundleCommand,
  },
  { names: ['pull-image'], load: async () => (await import('./commands/pull-image.ts')).pullImageCommand },
  { names: ['logs'], load: async () => (await import('./commands/logs.ts')).logsCommand },
  { names: ['uuid', 'u'], load: async () => (await import('./commands/uuid.ts')).uuidCommand },
  { names: ['version'], load: async () => (await import('./commands/version.ts')).versionCommand },
  { names: ['completion'], load: async () => (await import('./commands/completion.ts')).completionCommand },
  {
    names: ['make-initramfs'],
    load: async () => (await import('./commands/make-initramfs.ts')).makeInitramfsCommand,
  },
];
