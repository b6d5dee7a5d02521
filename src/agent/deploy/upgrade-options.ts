import { FactoryError } from '../../common/errors/factory-error.ts';
import { boolean, imageSource, number, strings, text, tree } from './config-values.ts';

/** A request to upgrade a node. */
export interface UpgradeRequest {
  /** The merged configuration. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Overrides the source in the configuration. */
  readonly source?: string;
  /** Upgrade the recovery system instead of the active one. */
  readonly recovery?: boolean;
  /** Paths to exclude from a directory source, in addition to `upgrade.excluded-paths`. */
  readonly exclude?: readonly string[];
  /** Skip the trust policy. */
  readonly skipVerify?: boolean;
  readonly insecure?: boolean;
  readonly finish?: 'reboot' | 'poweroff';
  readonly json?: boolean;
}

/** The entry that an upgrade concerns, in words. */
export function systemName({ recovery }: Pick<UpgradeOptions, 'recovery'>): string {
  return recovery ? 'recovery system' : 'system';
}

/** The options of an upgrade, from the merged configuration and the command line (docs/contract.md 4.4). */
export interface UpgradeOptions {
  readonly source: string;
  readonly recovery: boolean;
  readonly systemMib: number;
  readonly exclude: readonly string[];
  readonly extraDirectories: readonly string[];
  readonly menuEntry: string | undefined;
  readonly insecure: boolean;
  readonly finish: 'reboot' | 'poweroff' | undefined;
}

/** Reads the options of an upgrade. @throws FactoryError `usage` when neither the request nor the configuration has a source */
export function upgradeOptions(
  config: Readonly<Record<string, unknown>>,
  request: Omit<UpgradeRequest, 'config'>,
): UpgradeOptions {
  const upgrade = tree(config['upgrade']);
  const recovery =
    request.recovery ?? (boolean(upgrade['recovery']) || text(upgrade['entry']) === 'recovery');
  const system = tree(upgrade[recovery ? 'recovery-system' : 'system']);
  const source = request.source ?? imageSource(system);
  if (source === undefined) {
    throw new FactoryError('OPTION_MISSING', 'the upgrade has no source', {
      remedy: 'Add --source oci:REGISTRY/NAME:TAG, or set upgrade.system.source in the configuration.',
    });
  }
  const finish = boolean(upgrade['poweroff'])
    ? 'poweroff'
    : boolean(upgrade['reboot'])
      ? 'reboot'
      : undefined;
  return {
    source,
    recovery,
    systemMib: number(system['size']) ?? 0,
    exclude: [...strings(upgrade['excluded-paths']), ...(request.exclude ?? [])],
    extraDirectories: strings(upgrade['extra-dirs-rootfs']),
    menuEntry: text(upgrade['grub-entry-name']),
    insecure: request.insecure ?? boolean(upgrade['allow-insecure-registries']),
    finish: request.finish ?? finish,
  };
}
