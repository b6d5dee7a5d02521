import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { Host } from '../../../common/host/host.ts';
import { detectPackageManager } from '../../packages/package-manager.ts';
import type { Plugin } from '../plugin.ts';

type Pins = readonly (readonly [name: string, version: string])[];

const APT_PREFERENCES = '/etc/apt/preferences.d/kairos-pins.pref';
const APK_WORLD = '/etc/apk/world';
/** locks(5) of libzypp. */
const ZYPP_LOCKS = '/etc/zypp/locks';

/**
 * `package_pins`: pins packages to versions, for `packages` of this and later steps.
 *
 * @throws FactoryError `usage` for an invalid pin or an unsupported package manager, `step` when that fails
 */
export const packagePinsPlugin: Plugin<'package_pins'> = {
  key: 'package_pins',
  run: async ({ host }, wanted) => {
    const all = Object.entries(wanted).map(([name, version]) => [name.trim(), version.trim()] as const);
    const pins = all.filter(([name, version]) => /^[\w.+:*@][^\s=]*$/.test(name) && /^\S+$/.test(version));
    if (pins.length > 0) {
      const { program } = await detectPackageManager(host);
      await PINNING[program](host, pins);
    }
    const broken = all.find((pin) => !pins.includes(pin));
    if (broken) {
      throw new FactoryError(
        'CLOUD_CONFIG_INVALID',
        `package_pins: "${broken[0]}: ${broken[1]}" is not a package and a version`,
        {
          remedy: 'Write NAME: "VERSION".',
        },
      );
    }
  },
};

const PINNING: Readonly<
  Record<
    Awaited<ReturnType<typeof detectPackageManager>>['program'],
    (host: Host, pins: Pins) => Promise<void>
  >
> = {
  // A priority above 1000 allows downgrades (apt_preferences(5)).
  'apt-get': (host, pins) =>
    host.write(
      APT_PREFERENCES,
      pins
        .map(([name, version]) => `Package: ${name}\nPin: version ${version}\nPin-Priority: 1001\n`)
        .join('\n'),
    ),
  dnf: async (host, pins) => {
    await host.run('dnf', [
      '-y',
      'versionlock',
      'add',
      ...pins.map(([name, version]) => `${name}-${version}`),
    ]);
  },
  // Locks every version but the pinned one, unless installed, so that an update to the pinned version stays possible.
  zypper: async (host, pins) => {
    const names = pins.map(([name]) => `solvable_name: ${name}`);
    const present = ((await host.readText(ZYPP_LOCKS)) ?? '').split(/\n{2,}/).map((block) => block.trim());
    const kept = present.filter(
      (block) => block !== '' && !block.split('\n').some((line) => names.includes(line)),
    );
    const locks = pins.map(
      ([name, version]) =>
        `type: package\nmatch_type: exact\ncase_sensitive: on\ninstall_status: not-installed\nsolvable_name: ${name}\nversion: != ${version}`,
    );
    await host.write(ZYPP_LOCKS, `${[...kept, ...locks].join('\n\n')}\n`);
  },
  // The world lists packages with their version constraints (apk-world(5)); its other lines belong to the image.
  apk: async (host, pins) => {
    const names = new Set(pins.map(([name]) => name));
    const world = ((await host.readText(APK_WORLD)) ?? '').split('\n').filter((line) => {
      const name = /^[^=<>~@]+/.exec(line.trim())?.[0];
      return name !== undefined && !names.has(name);
    });
    const lines = [...world, ...pins.map(([name, version]) => `${name}=${version}`)].sort();
    await host.write(APK_WORLD, `${lines.join('\n')}\n`);
  },
  pacman: async () => {
    throw new FactoryError('CLOUD_CONFIG_INVALID', 'pacman cannot pin the version of a package', {
      remedy: 'Remove package_pins, or build the image with the required version.',
    });
  },
};
