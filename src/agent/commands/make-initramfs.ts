import { Command } from '@commander-js/extra-typings';
import { EPOCH_FILE } from '../../common/contract/system-layout.ts';
import { makeInitramfs } from '../initramfs/make-initramfs.ts';
import type { AgentCommand } from './agent-command.ts';

/** The scripts of the framework, in every image that has an initramfs made by this command. */
const SCRIPTS = '/usr/lib/kairos/initramfs';

/** `make-initramfs`: runs inside the image build, not on a node. */
export const makeInitramfsCommand: AgentCommand = ({ host, out }) =>
  new Command('make-initramfs')
    .description('make the initramfs of a kernel (the image build calls it)')
    .argument('<kernel>', 'name of its directory in /lib/modules')
    .argument('<file>', 'the file to write')
    .option('--epoch <seconds>', `time of all files; default: the content of ${EPOCH_FILE}`)
    .option('--needs <program...>', 'programs whose libraries it contains')
    .action(async (kernel, file, { epoch, needs }) => {
      const stamped = Number(epoch ?? (await host.readText(EPOCH_FILE)) ?? 0);
      const { content, modules } = await makeInitramfs(host, {
        kernel,
        scripts: SCRIPTS,
        epoch: stamped,
        needy: needs ?? [],
      });
      await host.write(file, content);
      out(`${file}: ${content.length} bytes, ${modules.length} modules of ${kernel}\n`);
    });
