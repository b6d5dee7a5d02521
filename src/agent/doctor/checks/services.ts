import { type Check, failure, ok } from '../check.ts';

/** The unit that reports failed stages, which have a check of their own. */
const OWN = 'kairos-configuration.service';

/** No service has failed. */
export const servicesCheck: Check = {
  id: 'services',
  on: 'any',
  run: async ({ host }) => {
    if ((await host.stat('/run/systemd/system')) === undefined) {
      const { stdout } = await host.run('rc-status', ['--crashed'], { allowFailure: true });
      const crashed = stdout.split('\n').filter((line) => /\bcrashed\b/.test(line));
      return crashed.length === 0
        ? [ok('no service has crashed')]
        : crashed.map((line) =>
            failure(line.trim(), `Start it again with "rc-service ${line.trim().split(/\s/)[0]} restart".`),
          );
    }
    const { stdout } = await host.run('systemctl', ['list-units', '--failed', '--plain', '--no-legend'], {
      allowFailure: true,
    });
    const units = stdout.split('\n').flatMap((line) => line.trim().split(/\s+/)[0] || []);
    const failed = units.filter((unit) => unit !== OWN);
    return failed.length === 0
      ? [ok('no unit has failed')]
      : failed.map((unit) => failure(`${unit} has failed`, `Read "journalctl -b -u ${unit}".`));
  },
};
