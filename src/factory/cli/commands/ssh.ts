import { join } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { connect } from '../../boot/connect.ts';
import { type RunningMachine, runningMachines } from '../../boot/machine-record.ts';
import { cacheDirectory, MACHINES, requireReadableCache } from '../../pipeline/workspace.ts';
import { createRunner } from '../../tools/runner.ts';
import { numberOf } from '../machine-options.ts';
import { GROUPS } from '../option-groups.ts';
import { programName } from '../program-name.ts';

/** `kairos-factory ssh`: logs in to a machine that `boot --user` has started. */
export function sshCommand() {
  return new Command('ssh')
    .argument('[command...]', 'command to run there instead of a shell; write -- before one with options')
    .optionsGroup(GROUPS.machine)
    .option('--port <port>', 'SSH port of the machine, if several are running (default: the newest)')
    .action(async (command, { port }) => {
      const wanted =
        port === undefined ? undefined : numberOf({ flag: '--port', text: port, largest: 65535 });
      const cache = cacheDirectory(process.env);
      await requireReadableCache(cache);
      const machines = await runningMachines(join(cache, MACHINES));
      const runner = createRunner({
        signal: new AbortController().signal,
        log: () => undefined,
        env: process.env,
      });
      process.exitCode = await connect(runner, machineOf(machines, wanted), command);
    });
}

/** The machine with a port, or the newest. @throws FactoryError `usage` when there is none */
function machineOf(machines: readonly RunningMachine[], port: number | undefined): RunningMachine {
  const found = machines.find(({ sshPort }) => port === undefined || sshPort === port);
  if (found !== undefined) return found;
  const none = 'no machine with an account of its own is running';
  throw new FactoryError(
    'OPTION_INVALID',
    machines.length === 0 ? none : `no machine has the SSH port ${port}`,
    {
      details: machines.map(({ sshPort, artifact }) => `${sshPort}: ${artifact}`),
      remedy:
        machines.length === 0
          ? `Start one in another terminal: ${programName()} boot ARTIFACT --user`
          : 'Choose one of these ports.',
    },
  );
}
