import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import type { Host } from '../../../common/host/host.ts';
import type { Plugin } from '../plugin.ts';

const UNITS = '/etc/systemd/system';
/** Name of a drop-in when the step gives none: that of the field. */
const OVERRIDE = 'override-yip.conf';
/** Suffixes of unit names (systemd.unit(5)); a name without one is a service. */
const SUFFIX = /\.(service|socket|device|mount|automount|swap|target|path|timer|slice|scope|nspawn)$/;

/** Whether systemd is the running service manager (sd_booted(3)). */
export async function systemdRuns(host: Host): Promise<boolean> {
  return (await host.stat('/run/systemd/system'))?.kind === 'directory';
}

/**
 * `systemctl`: drop-ins first, then enable, disable, mask and start. Where systemd does not run, as in the
 * initramfs and in a chroot, the first three work on the files alone, and nothing is started.
 *
 * @throws FactoryError `step` naming all units that failed, after the others were dealt with
 */
export const systemctlPlugin: Plugin<'systemctl'> = {
  key: 'systemctl',
  run: async ({ host }, { overrides = [], enable = [], disable = [], mask = [], start = [] }) => {
    const problems: string[] = [];
    for (const { service, name, content } of overrides) {
      await attempt(problems, service, () => host.write(overridePath(service, name), content));
    }
    const running = await systemdRuns(host);
    if (running && overrides.length > 0) {
      await attempt(problems, 'daemon-reload', () => host.run('systemctl', ['daemon-reload']));
    }
    await change(host, 'enable', enable, problems);
    await change(host, 'disable', disable, problems);
    await change(host, 'mask', mask, problems);
    if (!running && start.length > 0) {
      host.log('info', `systemd does not run here, so that ${start.join(', ')} will not be started`);
    } else {
      for (const unit of start)
        await attempt(problems, `start ${unit}`, () => host.run('systemctl', ['start', unit]));
    }
    if (problems.length > 0) {
      throw new FactoryError('STAGE_FAILED', `systemd units: ${problems.join('; ')}`, {
        remedy: 'See "systemctl status UNIT"; a unit has to be in the image, or written by an earlier step.',
      });
    }
  },
};

function overridePath(service: string, name = ''): string {
  const unit = SUFFIX.test(service) ? service : `${service}.service`;
  const file = name === '' ? OVERRIDE : name.endsWith('.conf') ? name : `${name}.conf`;
  if (`${unit}${file}`.includes('/')) {
    throw new FactoryError('CLOUD_CONFIG_INVALID', `"${service}" and "${name}" cannot name a drop-in`, {
      remedy: 'Give a name of a unit and a name of a file, without directories.',
    });
  }
  return `${UNITS}/${unit}.d/${file}`;
}

/** All in one call, which reloads the manager once; only when that fails one by one, so that the rest goes through. */
async function change(host: Host, verb: string, units: readonly string[], problems: string[]): Promise<void> {
  if (units.length === 0) return;
  const together = await host.run('systemctl', [verb, ...units], { allowFailure: true });
  if (together.status === 0) return;
  for (const unit of units)
    await attempt(problems, `${verb} ${unit}`, () => host.run('systemctl', [verb, unit]));
}

async function attempt(problems: string[], what: string, perform: () => Promise<unknown>): Promise<void> {
  try {
    await perform();
  } catch (error) {
    const reason =
      error instanceof FactoryError ? error.details.find((line) => line.trim() !== '') : undefined;
    problems.push(`${what}: ${reason ?? messageOf(error)}`);
  }
}
