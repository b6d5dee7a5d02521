import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import type { Host } from '../../../common/host/host.ts';
import type { Plugin } from '../plugin.ts';

const UNITS = '/etc/systemd/system';
/** Default name of a drop-in, the same as upstream's. */
const OVERRIDE = 'override-yip.conf';
/** Suffixes of unit names (systemd.unit(5)); a name without one is a service. */
const SUFFIX = /\.(service|socket|device|mount|automount|swap|target|path|timer|slice|scope|nspawn)$/;

/** Whether systemd is the running service manager (sd_booted(3)). */
export async function systemdRuns(host: Host): Promise<boolean> {
  return (await host.stat('/run/systemd/system'))?.kind === 'directory';
}

/**
 * `systemctl`: writes drop-ins, then enables, disables, masks and starts units. Without a running systemd, as in the initramfs
 * or in a chroot, it only changes files and starts nothing.
 *
 * @throws FactoryError `step` at the end, listing the units that failed
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
    for (const [verb, units] of Object.entries({ enable, disable, mask })) {
      problems.push(...(await change(host, verb, units)));
    }
    if (!running && start.length > 0) {
      host.log('info', `systemd is not running: not starting ${start.join(', ')}`);
    } else {
      for (const unit of start)
        await attempt(problems, `start ${unit}`, () => host.run('systemctl', ['start', unit]));
    }
    if (problems.length > 0) {
      throw new FactoryError('STAGE_FAILED', `systemd units: ${problems.join('; ')}`, {
        remedy:
          'See "systemctl status UNIT". The unit must be in the image, or an earlier step must write it.',
      });
    }
  },
};

function overridePath(service: string, name = ''): string {
  const unit = SUFFIX.test(service) ? service : `${service}.service`;
  const file = name === '' ? OVERRIDE : name.endsWith('.conf') ? name : `${name}.conf`;
  if (`${unit}${file}`.includes('/')) {
    throw new FactoryError(
      'CLOUD_CONFIG_INVALID',
      `"${service}" and "${name}" are not valid names for a drop-in`,
      {
        remedy: 'Use the name of a unit and the name of a file, without directories.',
      },
    );
  }
  return `${UNITS}/${unit}.d/${file}`;
}

/**
 * Changes units in one call, which reloads systemd once; if that fails, one by one, so that the valid ones succeed.
 * @returns a line for each failure
 */
async function change(host: Host, verb: string, units: readonly string[]): Promise<string[]> {
  if (units.length === 0) return [];
  const together = await host.run('systemctl', [verb, ...units], { allowFailure: true });
  if (together.status === 0) return [];
  const problems: string[] = [];
  for (const unit of units)
    await attempt(problems, `${verb} ${unit}`, () => host.run('systemctl', [verb, unit]));
  return problems;
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
