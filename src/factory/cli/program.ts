import { Command } from '@commander-js/extra-typings';
import { toolVersion } from '../pipeline/project-files.ts';
import { artifactsCommand } from './commands/artifacts.ts';
import { bootCommand } from './commands/boot.ts';
import { buildCommand } from './commands/build.ts';
import { checkCommand } from './commands/check.ts';
import { contextCommand } from './commands/context.ts';
import { diffCommand } from './commands/diff.ts';
import { flavorsCommand } from './commands/flavors.ts';
import { lockCommand } from './commands/lock.ts';
import { pushCommand } from './commands/push.ts';
import { releaseCommand } from './commands/release.ts';
import { signCommand } from './commands/sign.ts';
import { confextCommand, sysextCommand } from './commands/sysext.ts';
import { validateCommand } from './commands/validate.ts';
import { verifyCommand } from './commands/verify.ts';
import { verifyReproCommand } from './commands/verify-repro.ts';

/** Creates the command line, with one module per command. */
export function createProgram() {
  const program = new Command('kairos-factory')
    .description('Any distro image in; a bootable, immutable, A/B-upgradable Kairos OS out.')
    .version(toolVersion(), '-V, --version', 'print the version of this tool')
    // In "build --version v1.2.3", --version is the version of the OS.
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError('(add --help for all options)')
    .showSuggestionAfterError();
  for (const command of [
    buildCommand,
    artifactsCommand,
    flavorsCommand,
    lockCommand,
    checkCommand,
    bootCommand,
    validateCommand,
    verifyReproCommand,
    sysextCommand,
    confextCommand,
    contextCommand,
    signCommand,
    verifyCommand,
    pushCommand,
    diffCommand,
    releaseCommand,
  ]) {
    program.addCommand(command().exitOverride());
  }
  return program;
}
