import { isAbsolute } from 'node:path';
import type { Arch } from '../../common/contract/architectures.ts';
import { chooseBase, chooseFlavor } from '../catalog/flavors/choose.ts';
import { type BaseReference, parseBaseReference } from '../config/base-reference.ts';
import type { BuildSpec } from '../config/schema.ts';
import { FLAVORS } from './project-files.ts';
import type { Target } from './target.ts';

/** The architectures whose programs run on this machine, because it bootstraps a root for them. @throws FactoryError as {@link buildReferences} */
export async function bootstrappedArches(targets: readonly Target[]): Promise<Arch[]> {
  const found = targets.map(async (target) => {
    if (target.image !== undefined) return [];
    const { spec } = target;
    const { named } = await chooseFlavor(FLAVORS, spec.flavor);
    const isOwn = chooseBase(named, spec).kind === 'bootstrap' || /^bootstrap:/.test(spec.kernelFrom ?? '');
    return isOwn ? [spec.arch] : [];
  });
  return [...new Set((await Promise.all(found)).flat())];
}

/**
 * Lists all images that a build uses: base, kernel, framework and bundles.
 * @param flavors directory of the flavors, which can define the base
 * @throws FactoryError `usage` for a flavor, a release or a reference that does not exist
 */
export async function buildReferences(flavors: string, spec: BuildSpec): Promise<BaseReference[]> {
  const { named } = await chooseFlavor(flavors, spec.flavor);
  const base = chooseBase(named, spec);
  const source = spec.framework.name === 'kairos-init' ? spec.framework.source : undefined;
  const texts = [
    base.kind === 'reference' ? base.reference : undefined,
    spec.kernelFrom,
    // A path names the program, not an image.
    source === undefined || isAbsolute(source) ? undefined : source,
    ...spec.bundles.map(({ image }) => image),
  ];
  const references = texts.flatMap((text) =>
    text === undefined ? [] : [parseBaseReference(text, process.cwd())],
  );
  // A root that the build bootstraps is not an image.
  return references.filter(({ kind }) => kind !== 'bootstrap');
}
