import { Command } from '@commander-js/extra-typings';
import { EPOCH_FILE } from '../../common/contract/system-layout.ts';
import { firmwareNotice } from '../initramfs/firmware.ts';
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
    .option('--network <file>', 'also write the archive that adds the drivers of network cards')
    .option('--notices <file>', 'append what the person who builds should know')
    .action(async (kernel, file, { epoch, network, notices }) => {
      const stamped = Number(epoch ?? (await host.readText(EPOCH_FILE)) ?? 0);
      const made = await makeInitramfs(host, {
        kernel,
        scripts: SCRIPTS,
        epoch: stamped,
        network: network !== undefined,
      });
      const archives = [
        [file, made],
        ...(network && made.network ? [[network, made.network] as const] : []),
      ] as const;
      for (const [path, { content, modules }] of archives) {
        await host.write(path, content);
        out(`${path}: ${content.length} bytes, ${modules.length} modules of ${kernel}\n`);
      }
      const notice = firmwareNotice(made.missing);
      if (notice === '') return;
      out(`${notice}\n`);
      if (notices !== undefined) await host.append(notices, `${notice}\n`);
    });
