import { Argument, Command } from '@commander-js/extra-typings';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { AgentCommand } from './agent-command.ts';

/** The checks, by name; the checks themselves are loaded when they run, so that other commands start as fast as without them. */
const NAMES = [
  ...['partitions', 'space', 'slots', 'boot-menu', 'configuration', 'stages', 'services', 'trust', 'clock'],
  'network',
] as const;

/** `kairos-agent doctor`: checks the running node. */
export const doctorCommand: AgentCommand = ({ host, out }) =>
  new Command('doctor')
    .description('check this node: disks, systems, configuration, failed steps, services, trust, clock')
    .addArgument(new Argument('[checks...]', 'checks to run (default: all but network)').choices(NAMES))
    .option('--json', 'print JSON')
    .action(async (chosen, { json = false }) => {
      const { CHECKS } = await import('../doctor/checks.ts');
      const { runChecks } = await import('../doctor/run-checks.ts');
      const { renderChecks } = await import('../doctor/render-checks.ts');
      const reported = await runChecks(host, CHECKS, { chosen });
      out(json ? `${JSON.stringify(reported, null, 2)}\n` : renderChecks(reported));
      const failures = reported.filter(({ level }) => level === 'failure').length;
      if (failures === 0) return;
      throw new FactoryError(
        'NODE_UNHEALTHY',
        `${failures} ${failures === 1 ? 'finding is a failure' : 'findings are failures'}`,
        {
          remedy: 'Follow the remedies of the report.',
        },
      );
    });
