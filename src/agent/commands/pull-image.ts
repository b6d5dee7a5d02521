import { resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { unpackImage } from '../../common/oci/layers/unpack-image.ts';
import { createProgress } from '../deploy/progress.ts';
import type { AgentCommand } from './agent-command.ts';

/** `kairos-agent pull-image IMG DIR`. */
export const pullImageCommand: AgentCommand = (context) =>
  new Command('pull-image')
    .description('fetch a container image and unpack it into a directory')
    .argument('<image>', 'REGISTRY/NAME:TAG, oci:… or ocifile:FILE')
    .argument('<directory>', 'made when it is not there')
    .option('--platform <platform>', 'linux/ARCH; that of this machine by default')
    .option('--allow-insecure-registries', 'let registries go without TLS')
    .action(async (image, directory, { platform, allowInsecureRegistries }) => {
      const { host } = context;
      const target = resolve(directory);
      // Beside the target: there the image fits, if anywhere, and there an interrupted download is found again.
      const staging = `${target === '/' ? '/usr/local/root' : target}.partial`;
      const { digest } = await unpackImage(host, image, target, {
        staging,
        ...(platform === undefined ? {} : { platform }),
        ...(allowInsecureRegistries ? { insecure: true } : {}),
        progress: createProgress(context).bytes,
      });
      await host.remove(staging);
      host.log('info', `${image} (${digest}) is in ${target}`);
    });
