import { FactoryError } from '../../../common/errors/factory-error.ts';
import { forEachEntry } from '../each-entry.ts';
import type { Plugin } from '../plugin.ts';
import { systemdRuns } from './systemctl.ts';

const DROP_IN = '/etc/systemd/timesyncd.conf.d/10-kairos.conf';

/**
 * `timesyncd`: writes keys of the section Time of timesyncd.conf(5) to a drop-in, and restarts a running service.
 *
 * @throws FactoryError `usage` for an invalid key, or a value with a line break
 */
export const timesyncdPlugin: Plugin<'timesyncd'> = {
  key: 'timesyncd',
  run: async ({ host }, settings) => {
    const isValid = ([key, value]: [string, unknown]) => /^\w+$/.test(key) && !String(value).includes('\n');
    const lines = Object.entries(settings).filter(isValid);
    await host.write(DROP_IN, ['[Time]\n', ...lines.map(([key, value]) => `${key}=${value}\n`)].join(''));
    if (await systemdRuns(host)) {
      await host.run('systemctl', ['try-restart', 'systemd-timesyncd.service'], { allowFailure: true });
    }
    await forEachEntry(Object.entries(settings), async ([key, value]) => {
      if (isValid([key, value])) return;
      throw new FactoryError('CLOUD_CONFIG_INVALID', `timesyncd: ${key} is not a valid setting`, {
        remedy: 'Write settings such as NTP: "0.pool.ntp.org 1.pool.ntp.org", each on one line.',
      });
    });
  },
};
