import { NODE_PATH } from '../../../common/contract/node-paths.ts';
import { type Check, failure, ok, warning } from '../check.ts';

/** The clock is not before the image, and is set by a time server. */
export const clockCheck: Check = {
  id: 'clock',
  on: 'any',
  run: async ({ host }) => {
    const now = host.now();
    const made = (await host.stat(NODE_PATH.release))?.modified ?? 0;
    const text = `it is ${now.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
    if (now.getTime() < made) {
      const remedy =
        'Set it with "date -s", and check the battery of the machine: certificates and signatures fail otherwise.';
      return [failure(`${text}, which is before this image was made`, remedy)];
    }
    const { status, stdout } = await host
      .run('timedatectl', ['show', '--property=NTPSynchronized', '--value'], {
        allowFailure: true,
      })
      .catch(() => ({ status: 1, stdout: '' }));
    if (status !== 0) return [ok(text)];
    if (stdout.trim() === 'yes') return [ok(`${text}, set by a time server`)];
    return [
      warning(
        `${text}, but no time server has set it`,
        'Check the network, and the time servers: timedatectl timesync-status.',
      ),
    ];
  },
};
