import { FactoryError } from '../../../common/errors/factory-error.ts';
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
    const lines = Object.entries(settings).map(([key, value]) => {
      if (/^\w+$/.test(key) && !String(value).includes('\n')) return `${key}=${value}\n`;
      throw new FactoryError('CLOUD_CONFIG_INVALID', `timesyncd: ${key} is not a valid setting`, {
        remedy: 'Write settings such as NTP: "0.pool.ntp.org 1.pool.ntp.org", each on one line.',
      });
    });
    await host.write(DROP_IN, ['[Time]\n', ...lines].join(''));
    if (await systemdRuns(host)) {
      await host.run('systemctl', ['try-restart', 'systemd-timesyncd.service'], { allowFailure: true });
    }
  },
};
