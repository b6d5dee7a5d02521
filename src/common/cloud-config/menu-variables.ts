import { grubEnvironment } from '../contract/grub-environment.ts';
import { FactoryError, messageOf } from '../errors/factory-error.ts';
import { argumentProblem, KERNEL_ARGUMENTS } from './kernel-arguments.ts';
import { isMap } from './merge.ts';
import type { ConfigData } from './parse.ts';
import type { Problem } from './problems.ts';

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
  return KERNEL_ARGUMENTS.test(name) ? value.trim().replaceAll(/\s*\n\s*/g, ' ') : value.trim();
}

/**
 * Checks what a new installation would write: that the variables and titles of a configuration fit into GRUB's environment
 * blocks, and that GRUB gives the kernel the arguments as they are written (docs/contract.md 1.4, 2.1).
 */
export function menuVariableProblems(config: ConfigData): Problem[] {
  const path = optionsPath(config);
  const quoting = Object.entries(menuVariables(config)).flatMap(([name, value]) => {
    const problem = KERNEL_ARGUMENTS.test(name) ? argumentProblem(value) : undefined;
    return problem === undefined ? [] : [{ path, message: `${[...path, name].join('.')}: ${problem}` }];
  });
  return [...sizeProblems(config), ...quoting];
}

function optionsPath({ install }: ConfigData): readonly string[] {
  return isMap(install) && isMap(install['grub_options']) ? ['install', 'grub_options'] : ['grub_options'];
}

function sizeProblems(config: ConfigData): Problem[] {
  const variables = menuVariables(config);
  const options =
    Object.keys(variables).length > 0 ? problemOf(optionsPath(config), { ...LATER, ...variables }) : [];
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
 * Checks the boot menu variables of a node's configuration before anything is written. Kernel arguments are written by an
 * installation only: an installed node whose arguments GRUB changes can still be upgraded.
 * @throws FactoryError `usage` when they do not fit, or GRUB would change them
 */
export function requireMenuVariables(config: ConfigData, operation: 'install' | 'upgrade' | 'reset'): void {
  const [first, ...others] = operation === 'install' ? menuVariableProblems(config) : sizeProblems(config);
  if (first === undefined) return;
  throw new FactoryError('CLOUD_CONFIG_INVALID', first.message, {
    details: others.map(({ message }) => message),
    remedy:
      'Use fewer or shorter values, each on a single line, with double quotes only around an argument or its value.',
  });
}
