import { grubEnvironment } from '../contract/grub-environment.ts';
import { FactoryError, messageOf } from '../errors/factory-error.ts';
import { isMap } from './merge.ts';
import type { ConfigData } from './parse.ts';
import type { Problem } from './problems.ts';

/** Variables with kernel arguments, which any white space separates. */
const ARGUMENTS = /_cmdline$/;
/** Room for what the agent and GRUB write to the same block later: the entry of the next boot. */
const LATER = { next_entry: 'x'.repeat(16) };
/** The place of a title that is a variable too, in a block of its own (docs/contract.md 5.3). */
const TITLE = 'grub-entry-name';

/**
 * The boot menu variables that a configuration sets: `grub_options`, overridden by `install.grub_options`. White space at the
 * ends is cut, and kernel arguments may be on several lines, because YAML's block scalars end in a line break.
 */
export function menuVariables(config: ConfigData): Record<string, string> {
  const { grub_options: common, install } = config;
  const special = isMap(install) ? install['grub_options'] : undefined;
  const merged = { ...(isMap(common) ? common : {}), ...(isMap(special) ? special : {}) };
  return Object.fromEntries(
    Object.entries(merged).flatMap(([name, value]) =>
      value === null ? [] : [[name, onOneLine(name, String(value))]],
    ),
  );
}

function onOneLine(name: string, value: string): string {
  return ARGUMENTS.test(name) ? value.trim().replaceAll(/\s*\n\s*/g, ' ') : value.trim();
}

/** Checks that the variables and titles of a configuration fit into GRUB's environment blocks (docs/contract.md 1.4). */
export function menuVariableProblems(config: ConfigData): Problem[] {
  const { install, grub_options: common } = config;
  const isSpecial = isMap(install) && isMap(install['grub_options']);
  const path = isSpecial ? ['install', 'grub_options'] : ['grub_options'];
  const options = isSpecial || isMap(common) ? problemOf(path, { ...LATER, ...menuVariables(config) }) : [];
  const titles = ['install', 'upgrade', 'reset'].flatMap((operation) => {
    const title = isMap(config[operation]) ? config[operation][TITLE] : undefined;
    return typeof title === 'string'
      ? problemOf([operation, TITLE], { default_menu_entry: title.trim() })
      : [];
  });
  return [...options, ...titles];
}

function problemOf(path: readonly string[], variables: Readonly<Record<string, string>>): Problem[] {
  try {
    grubEnvironment(variables);
    return [];
  } catch (error) {
    return [{ path, message: `${path.join('.')}: ${messageOf(error)}` }];
  }
}

/**
 * Checks the boot menu variables of a node's configuration before anything is written.
 * @throws FactoryError `usage` when they do not fit
 */
export function requireMenuVariables(config: ConfigData): void {
  const [first, ...others] = menuVariableProblems(config);
  if (first === undefined) return;
  throw new FactoryError('CLOUD_CONFIG_INVALID', first.message, {
    details: others.map(({ message }) => message),
    remedy: 'Use fewer or shorter values, each on a single line.',
  });
}
