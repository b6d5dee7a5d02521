import type { Plugin } from '../plugin.ts';

/**
 * `systemd_firstboot`: runs systemd-firstboot(1) with options by name, such as `locale: C.UTF-8`. `true` stands for an option
 * without a value; `false` omits the option.
 *
 * @throws FactoryError `tool` when the image lacks the program, `step` when it fails
 */
export const systemdFirstbootPlugin: Plugin<'systemd_firstboot'> = {
  key: 'systemd_firstboot',
  run: async ({ host }, options) => {
    const args = Object.entries(options).flatMap(([key, value]) => {
      const name = `--${key.replaceAll('_', '-')}`;
      if (String(value) === 'false') return [];
      return [String(value) === 'true' ? name : `${name}=${value}`];
    });
    if (args.length > 0) await host.run('systemd-firstboot', args);
  },
};
