import { resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { createProgress } from '../deploy/progress.ts';
import { unpackAdmitted } from '../trust/unpack-admitted.ts';
import type { AgentCommand } from './agent-command.ts';

/** `kairos-agent pull-image IMAGE DIRECTORY`. */
export const pullImageCommand: AgentCommand = (context) =>
  new Command('pull-image')
    .description('fetch a container image and unpack it into a directory')
    .argument('<image>', 'REGISTRY/NAME:TAG, oci:… or ocifile:FILE')
    .argument('<directory>', 'target; created if it does not exist')
    .option('--platform <platform>', 'linux/ARCH (default: this machine)')
    .option('--allow-insecure-registries', 'allow registries without TLS')
    .option('--insecure-skip-verify', 'skip the trust policy of this node')
    .action(
      async (image, directory, { platform, allowInsecureRegistries, insecureSkipVerify: skipVerify }) => {
        const { host } = context;
        const target = resolve(directory);
        // Staging is next to the target: that filesystem has the space, and an interrupted download resumes from there.
        const staging = `${target === '/' ? '/usr/local/root' : target}.partial`;
        const { digest } = await unpackAdmitted(host, image, {
          target,
          skipVerify,
          staging,
          ...(platform === undefined ? {} : { platform }),
          ...(allowInsecureRegistries ? { insecure: true } : {}),
          progress: createProgress(context).bytes,
        });
        await host.remove(staging);
        host.log('info', `${image} (${digest}) was unpacked to ${target}`);
      },
    );
