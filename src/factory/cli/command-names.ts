/** The names of all commands, in the order of help, manual pages and docs/commands.md. Each has its line in command-list.ts. */
export const COMMAND_NAMES = [
  'init',
  'flavors',
  'validate',
  'doctor',
  'build',
  'artifacts',
  'lock',
  'context',
  'sysext',
  'confext',
  'boot',
  'ssh',
  'serve-netboot',
  'prove',
  'sign',
  'verify',
  'verify-repro',
  'push',
  'release',
  'plan',
  'logs',
  'cache',
  'inspect',
  'size',
  'check',
  'diff',
  'completion',
  'help',
] as const;

/** The name of a command. */
export type CommandName = (typeof COMMAND_NAMES)[number];
