import { Command } from '@commander-js/extra-typings';
import { installBundleTarget } from '../extensions/install-bundle.ts';
import type { AgentCommand } from './agent-command.ts';

/** `install-bundle TARGET` (docs/contract.md 5.7). */
export const installBundleCommand: AgentCommand = ({ host }) =>
  new Command('install-bundle')
    .description('install a bundle on this node')
    .argument('<target>', 'container://IMAGE, docker://IMAGE or run://IMAGE')
    .option('--repository <repository>', 'accepted for older scripts; package:// bundles are not supported')
    .option('--root-path <path>', 'where the files of the bundle go', '/')
    .option('--local-file', 'the target is a tar file of this node, as of "docker save"')
    .action((target, { rootPath, localFile }) => installBundleTarget(host, target, { rootPath, localFile }));
