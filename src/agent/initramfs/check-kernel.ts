import { FactoryError } from '../../common/errors/factory-error.ts';
import { type ModuleIndex, moduleName } from './module-index.ts';

/** Options that are never modules. The factory packs squashfs with zstd only (docs/decisions/0009-one-root-packed-with-zstd.md). */
const BUILT_IN = ['CONFIG_BLK_DEV_INITRD', 'CONFIG_DEVTMPFS', 'CONFIG_TMPFS', 'CONFIG_SQUASHFS_ZSTD'];

/**
 * Checks that a kernel can boot a system at all.
 * @param required the kernel's option for each module
 * @param config the kernel's configuration, if it is known
 * @throws FactoryError `step` that names the options
 */
export function checkKernel(
  kernel: string,
  index: ModuleIndex,
  {
    required,
    config,
  }: { readonly required: Readonly<Record<string, string>>; readonly config: string | undefined },
): void {
  const set = new Set((config ?? '').split('\n').filter((line) => /^CONFIG_\w+=[ym]$/.test(line)));
  const has = (name: string, option: string) =>
    index.paths.has(moduleName(name)) || index.builtin.has(moduleName(name)) || set.has(`${option}=y`);
  const lacking = Object.entries(required).filter(([name, option]) => !has(name, option));
  const absent = config === undefined ? [] : BUILT_IN.filter((option) => !set.has(`${option}=y`));
  const options = [...lacking.map(([, option]) => option), ...absent];
  if (options.length === 0) return;
  throw new FactoryError(
    'IMAGE_INCOMPLETE',
    `the kernel ${kernel} cannot boot this system: it lacks ${options.join(', ')}`,
    {
      remedy: 'Use a kernel with these options, or add the package with its modules.',
    },
  );
}

/**
 * Checks that depmod ran after the last change of the modules.
 * @param present the paths of all modules in the kernel's directory
 * @throws FactoryError `step`
 */
export function checkFresh(kernel: string, index: ModuleIndex, present: readonly string[]): void {
  const there = new Set(present);
  const gone = [...index.needs.keys()].filter((path) => !there.has(path));
  // Of several modules with one name, depmod lists the one that replaces the others.
  const unlisted = present.filter((path) => !index.paths.has(moduleName(path)));
  const example = gone[0] ?? unlisted[0];
  if (example === undefined) return;
  const fault = gone.length > 0 ? 'lists a module that is not there' : 'does not list all modules';
  throw new FactoryError('IMAGE_INCOMPLETE', `modules.dep of the kernel ${kernel} ${fault}: ${example}`, {
    remedy: `Run "depmod ${kernel}" in the image.`,
  });
}
