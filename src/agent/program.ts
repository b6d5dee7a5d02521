import { Command } from '@commander-js/extra-typings';
import type { AgentCommand, AgentContext } from './commands/agent-command.ts';
import { bootentryCommand } from './commands/bootentry.ts';
import { completionCommand } from './commands/completion.ts';
import { configCommand } from './commands/config.ts';
import { doctorCommand } from './commands/doctor.ts';
import { grubeditCommand } from './commands/grubedit.ts';
import { installCommand } from './commands/install.ts';
import { installBundleCommand } from './commands/install-bundle.ts';
import { interactiveInstallCommand } from './commands/interactive-install.ts';
import { logsCommand } from './commands/logs.ts';
import { makeInitramfsCommand } from './commands/make-initramfs.ts';
import { manualInstallCommand } from './commands/manual-install.ts';
import { printSchemaCommand } from './commands/print-schema.ts';
import { pullImageCommand } from './commands/pull-image.ts';
import { renderTemplateCommand } from './commands/render-template.ts';
import { resetCommand } from './commands/reset.ts';
import { runStageCommand } from './commands/run-stage.ts';
import { stateCommand } from './commands/state.ts';
import { confextCommand, sysextCommand } from './commands/sysext.ts';
import { unsupportedCommands } from './commands/unsupported.ts';
import { upgradeCommand } from './commands/upgrade.ts';
import { uuidCommand } from './commands/uuid.ts';
import { validateCommand } from './commands/validate.ts';
import { AGENT_VERSION, versionCommand } from './commands/version.ts';
import { requireStrictConfig } from './config/strict-validation.ts';
import { acceptEverywhere, demandsStrictConfig } from './global-options.ts';
import { useProxies } from './network/proxies.ts';
import { requireRoot } from './root-commands.ts';

const COMMANDS: readonly AgentCommand[] = [
  installCommand,
  manualInstallCommand,
  interactiveInstallCommand,
  upgradeCommand,
  resetCommand,
  runStageCommand,
  validateCommand,
  printSchemaCommand,
  renderTemplateCommand,
  configCommand,
  stateCommand,
  doctorCommand,
  bootentryCommand,
  grubeditCommand,
  sysextCommand,
  confextCommand,
  installBundleCommand,
  pullImageCommand,
  logsCommand,
  uuidCommand,
  versionCommand,
  completionCommand,
  makeInitramfsCommand,
  ...unsupportedCommands,
];

/** Builds the command line of the agent from its commands (docs/contract.md 5.1). */
export function createAgentProgram(context: AgentContext): Command {
  const program = new Command('kairos-agent')
    .description('Installs, configures, upgrades and resets a Kairos node.')
    .version(`v${AGENT_VERSION}`, '-v, --version', 'print the version of the agent')
    .option('--debug', 'show debug messages, such as every program that is run')
    .option(
      '--strict-validation',
      'refuse a configuration with values of wrong types; also $STRICT_VALIDATIONS',
    )
    .exitOverride()
    .showHelpAfterError('(add --help for all options)')
    .showSuggestionAfterError();
  for (const command of COMMANDS) program.addCommand(command(context).exitOverride());
  acceptEverywhere(program);
  program.hook('preAction', async (_, command) => {
    requireRoot(command, context.uid);
    await useProxies(context.host);
    if (demandsStrictConfig(command, context.host.env)) await requireStrictConfig(context.host);
  });
  return program;
}
