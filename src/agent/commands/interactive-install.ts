import { Command } from '@commander-js/extra-typings';
import { parseCloudConfig } from '../../common/cloud-config/parse.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { runInstall } from '../deploy/install.ts';
import { listDisks } from '../disks.ts';
import { askInstallation, Cancelled, renderAnswers } from '../onboarding/dialogue.ts';
import { openTerminal } from '../onboarding/terminal.ts';
import type { AgentCommand, AgentContext } from './agent-command.ts';

/** `kairos-agent interactive-install`. */
export const interactiveInstallCommand: AgentCommand = (context) =>
  new Command('interactive-install')
    .description('install this machine interactively')
    .option('--source <source>', 'system to install (default: the running one)')
    .option('--shell', 'open a shell when the dialogue is cancelled')
    .action(async ({ source, shell }) => {
      try {
        await askAndInstall(context, source);
      } catch (error) {
        if (!(error instanceof Cancelled)) throw error;
        context.host.log('info', error.message);
        if (shell) await context.host.run('/bin/sh', [], { terminal: true, allowFailure: true });
      }
    });

async function askAndInstall(context: AgentContext, source: string | undefined): Promise<void> {
  const disks = await listDisks(context.host);
  if (disks.length === 0) {
    throw new FactoryError('DISK_NOT_FOUND', 'this machine has no disk to install to', {
      remedy: 'Check that the disk is connected and that the image contains its driver.',
    });
  }
  const answers = await ask(disks);
  const configText = renderAnswers(answers);
  const { data } = parseCloudConfig('your answers', configText);
  await runInstall(context, {
    config: data,
    configText,
    device: answers.device,
    ...(source === undefined ? {} : { source }),
  });
}

async function ask(disks: Awaited<ReturnType<typeof listDisks>>) {
  using terminal = openTerminal(process.stdin, process.stdout);
  return await askInstallation(terminal, disks);
}
