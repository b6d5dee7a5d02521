import { isMap } from './merge.ts';
import type { ConfigData } from './parse.ts';

/** The boot menu variables that a configuration sets: `grub_options`, overridden by `install.grub_options`. */
export function menuVariables(config: ConfigData): Record<string, string> {
  const { grub_options: common, install } = config;
  const special = isMap(install) ? install['grub_options'] : undefined;
  const merged = { ...(isMap(common) ? common : {}), ...(isMap(special) ? special : {}) };
  return Object.fromEntries(
    Object.entries(merged).flatMap(([name, value]) => (value === null ? [] : [[name, String(value)]])),
  );
}
