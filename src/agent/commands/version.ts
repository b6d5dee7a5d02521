import { Command } from '@commander-js/extra-typings';
import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { parseOsRelease } from '../../common/contract/os-release.ts';
import { AGENT_VERSION } from '../agent-version.ts';
import type { AgentCommand } from './agent-command.ts';

/** `kairos-agent version`. */
export const versionCommand: AgentCommand = ({ host, out }) =>
  new Command('version')
    .description('print the version of the agent')
    .option('--long', 'also print the version of the system')
    .action(async (options) => {
      out(`v${AGENT_VERSION}\n`);
      if (!options.long) return;
      const release = parseOsRelease((await host.readText(NODE_PATH.release)) ?? '');
      for (const key of ['KAIROS_NAME', 'KAIROS_VERSION', 'KAIROS_INIT_VERSION']) {
        out(`${key}=${release.get(key) ?? ''}\n`);
      }
    });
