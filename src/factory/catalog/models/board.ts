import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { Flavor } from '../flavors/schema.ts';
import { holding, type Target } from '../flavors/select.ts';
import type { Model } from './schema.ts';

/** The settings of a board for one flavor, release and architecture. */
export interface Board {
  /** The flavor with the kernel choices that have drivers for the board. */
  readonly flavor: Flavor;
  /** Packages in addition to those of the flavor. */
  readonly packages: readonly string[];
  /** Components of the package archive to enable for these packages. */
  readonly components: readonly string[];
  /** Serial consoles and further kernel arguments, each as one word. */
  readonly consoles: readonly string[];
  readonly arguments: readonly string[];
  /** Files of the image to copy to the EFI system partition, as shell patterns, and their paths there. */
  readonly files: readonly { readonly from: string; readonly to: string }[];
  /** Text files for the EFI system partition, by path. */
  readonly texts: Readonly<Record<string, string>>;
}

/**
 * Checks before the build that a board supports an architecture and a flavor.
 * @throws FactoryError `usage` for an architecture or a flavor that the model does not list
 */
export function requireBoard(model: Model, flavor: Flavor, arch: string): void {
  const arches: readonly string[] = model.arches;
  if (!arches.includes(arch)) {
    throw new FactoryError(
      'MODEL_UNSUITABLE',
      `model ${model.name} (${model.title}) is for ${arches.join(' and ')}, not for ${arch}`,
      { remedy: `Add --arch ${arches[0]}, or choose another --model.` },
    );
  }
  if (model.flavors !== undefined && boardFlavor(model, flavor) === undefined) {
    throw new FactoryError('MODEL_UNSUITABLE', `model ${model.name} does not support flavor ${flavor.name}`, {
      remedy: `Choose one of these flavors: ${Object.keys(model.flavors).join(', ')}; or add it to models/${model.name}.yaml.`,
    });
  }
}

/**
 * Resolves the settings of a board for a target.
 * @throws FactoryError `usage` as {@link requireBoard}
 */
export function resolveBoard(model: Model, flavor: Flavor, target: Target): Board {
  requireBoard(model, flavor, target.arch);
  const own = boardFlavor(model, flavor);
  const kernels = Object.entries(flavor.kernels).filter(([name]) => own?.kernels?.includes(name) ?? true);
  return {
    flavor: { ...flavor, kernels: Object.fromEntries(kernels) },
    packages: holding(own?.packages ?? [], target),
    components: holding(own?.components ?? [], target),
    consoles: serialConsoles(model, target.arch),
    arguments: model.arguments,
    files: own?.files ?? [],
    texts: model['firmware-config'],
  };
}

/** The serial consoles of a board, each as the value of a `console=`. */
export function serialConsoles(model: Model, arch: string): readonly string[] {
  return (model.consoles as Readonly<Record<string, readonly string[] | undefined>>)[arch] ?? [];
}

/**
 * The settings of a model for a flavor: by its name, or else by the distribution that it builds on, so that the user's own
 * flavor finds the settings of the one that it extends. Not by family, because archives of one family differ in the names
 * and components of firmware.
 */
function boardFlavor(model: Model, flavor: Flavor) {
  const id = flavor['os-release-id'];
  return [flavor.name, ...(typeof id === 'string' ? [id] : Object.keys(id))]
    .map((name) => (Object.hasOwn(model.flavors ?? {}, name) ? model.flavors?.[name] : undefined))
    .find((found) => found !== undefined);
}
