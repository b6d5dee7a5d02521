import { Command } from '@commander-js/extra-typings';
import { toolVersion } from '../pipeline/project-files.ts';

/** The commands in the order of the help text. Each is loaded only when it is needed: all of them together take half a second. */
const COMMANDS = {
  build: async () => (await import('./commands/build.ts')).buildCommand(),
  artifacts: async () => (await import('./commands/artifacts.ts')).artifactsCommand(),
  flavors: async () => (await import('./commands/flavors.ts')).flavorsCommand(),
  lock: async () => (await import('./commands/lock.ts')).lockCommand(),
  check: async () => (await import('./commands/check.ts')).checkCommand(),
  boot: async () => (await import('./commands/boot.ts')).bootCommand(),
  prove: async () => (await import('./commands/prove.ts')).proveCommand(),
  validate: async () => (await import('./commands/validate.ts')).validateCommand(),
  'verify-repro': async () => (await import('./commands/verify-repro.ts')).verifyReproCommand(),
  sysext: async () => (await import('./commands/sysext.ts')).sysextCommand(),
  confext: async () => (await import('./commands/sysext.ts')).confextCommand(),
  context: async () => (await import('./commands/context.ts')).contextCommand(),
  sign: async () => (await import('./commands/sign.ts')).signCommand(),
  verify: async () => (await import('./commands/verify.ts')).verifyCommand(),
  push: async () => (await import('./commands/push.ts')).pushCommand(),
  diff: async () => (await import('./commands/diff.ts')).diffCommand(),
  release: async () => (await import('./commands/release.ts')).releaseCommand(),
} as const;

/**
 * Creates the command line that the arguments need.
 * @param args the arguments of the program. If the first one names a command, only that one is loaded; for help and for
 *   suggestions, all are.
 */
export async function createProgram(args: readonly string[]) {
  const program = new Command('kairos-factory')
    .description('Any distro image in; a bootable, immutable, A/B-upgradable Kairos OS out.')
    .version(toolVersion(), '-V, --version', 'print the version of this tool')
    // In "build --version v1.2.3", --version is the version of the OS.
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError('(add --help for all options)')
    .showSuggestionAfterError();
  for (const command of await Promise.all(neededCommands(args[0]).map((name) => COMMANDS[name]()))) {
    program.addCommand(command.exitOverride());
  }
  return program;
}

function neededCommands(first: string | undefined): (keyof typeof COMMANDS)[] {
  const names = Object.keys(COMMANDS) as (keyof typeof COMMANDS)[];
  if (first === '--version' || first === '-V') return [];
  const named = names.filter((name) => name === first);
  return named.length > 0 ? named : names;
}
