import { Command } from '@commander-js/extra-typings';
import { installBundleTarget } from '../extensions/install-bundle.ts';
import type { AgentCommand } from './agent-command.ts';

/** `install-bundle TARGET` (docs/contract.md 5.7). */
export const installBundleCommand: AgentCommand = ({ host }) =>
  new Command('install-bundle')
    .description('install a bundle on this node')
    .argument('<target>', 'container://IMAGE, docker://IMAGE or run://IMAGE')
    .option('--repository <repository>', 'ignored: package:// bundles are not supported')
    .option('--root-path <path>', 'root directory to unpack the bundle into', '/')
    .option('--local-file', 'the target is a local tar file, as written by "docker save"')
    .option('--insecure-skip-verify', 'skip the trust policy of this node')
    .action(async (target, { repository, rootPath, localFile, insecureSkipVerify: skipVerify }) => {
      if (repository !== undefined) {
        host.log(
          'warn',
          '--repository has no effect: it applies to package:// bundles, which are not supported',
        );
      }
      await installBundleTarget(host, target, { rootPath, localFile, skipVerify });
    });
