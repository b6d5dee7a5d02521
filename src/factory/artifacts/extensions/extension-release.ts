import { parseOsRelease } from '../../../common/contract/os-release.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { ARCHITECTURE_FACTS, type ExtensionArch } from './architectures.ts';
import type { ExtensionContent } from './content.ts';

/** Which systems an extension is for (os-release(5), "Extension"). */
export interface ExtensionTarget {
  /** `ID` of the systems; `_any` when absent. */
  readonly id?: string | undefined;
  /** `VERSION_ID` of the systems. */
  readonly version?: string | undefined;
  /** `SYSEXT_LEVEL` or `CONFEXT_LEVEL`: takes precedence over the version. */
  readonly level?: string | undefined;
  /** Whether systemd reloads its units after merging; systemd 255 and newer. */
  readonly serviceReload: boolean;
}

/** Values that need no quoting in os-release(5). */
const VALUE = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const ANY = '_any';

/**
 * Checks the requested target.
 * @throws FactoryError `usage` when a value has characters that would need quoting, or a version is given without an ID
 */
export function checkTarget({ id, version, level }: ExtensionTarget): void {
  for (const [flag, value] of Object.entries({ id: id === ANY ? undefined : id, version, level })) {
    if (value === undefined || VALUE.test(value)) continue;
    throw new FactoryError('OPTION_INVALID', `"${value}" is not a valid OS ${flag}`, {
      remedy: 'Use the value from /etc/os-release of the node, without quotes.',
    });
  }
  if ((id ?? ANY) === ANY && (version !== undefined || level !== undefined)) {
    throw new FactoryError('OPTION_INVALID', 'a version or level needs the ID of the OS', {
      remedy: 'Add --os-release-id.',
    });
  }
}

/** Renders a release file. */
export function renderExtensionRelease(
  content: ExtensionContent,
  arch: ExtensionArch,
  { id = ANY, version, level, serviceReload }: ExtensionTarget,
): string {
  const fields: readonly (readonly [string, string | undefined])[] = [
    ['ID', id],
    ['VERSION_ID', version],
    [content.level, level],
    ['ARCHITECTURE', ARCHITECTURE_FACTS[arch].name],
    ['EXTENSION_RELOAD_MANAGER', serviceReload ? '1' : undefined],
  ];
  return fields.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}\n`])).join('');
}

/**
 * Checks a release file that the content already has.
 * @param place its path, for messages
 * @throws FactoryError `verification` when no system of this architecture would accept the extension
 */
export function checkExtensionRelease(place: string, text: string, arch: ExtensionArch): void {
  const fields = parseOsRelease(text);
  const wrong = (problem: string, remedy: string) =>
    new FactoryError('EXTENSION_CONTENT_REFUSED', `${place}: ${problem}`, { remedy });
  if (!fields.get('ID')) {
    throw wrong(
      'there is no ID, so no system accepts the extension',
      'Add the ID= of the system, or ID=_any.',
    );
  }
  const { name } = ARCHITECTURE_FACTS[arch];
  const found = fields.get('ARCHITECTURE');
  if (found && found !== ANY && found !== name) {
    throw wrong(`ARCHITECTURE is ${found}, not ${name}`, 'Set the architecture with --arch.');
  }
}
