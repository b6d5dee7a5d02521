import { z } from 'zod';
import { anchorReference, isReference, Reference, type ResolveReference } from './reference-schema.ts';

/** How the image build uses a bundle (docs/contract.md 5.7). */
export const BUNDLE_MODES = ['unpack', 'run'] as const;

/** An entry of the key `bundles`: the reference of an image, or a mapping. */
export const Bundle = z.preprocess(
  (value) => (isReference(value) ? { image: value } : value),
  z.strictObject({
    image: Reference.meta({ description: 'Image reference, in the forms of base.' }),
    mode: z
      .enum(BUNDLE_MODES)
      .default('unpack')
      .meta({ description: 'Copy its files into the root, or run its run.sh.' }),
  }),
);

/** A validated bundle with an absolute reference. */
export type BundleSpec = z.output<typeof Bundle>;

/** Resolves relative paths in the references of the key against `directory`; leaves malformed values unchanged. */
export function anchorBundles(
  value: unknown,
  directory: string,
  resolveReference: ResolveReference,
): unknown {
  if (!Array.isArray(value)) return value;
  const anchor = (image: unknown) =>
    typeof image === 'string' ? anchorReference(resolveReference, image, directory) : image;
  return value.map((item: unknown) =>
    typeof item === 'object' && item !== null && 'image' in item
      ? { ...item, image: anchor(item.image) }
      : anchor(item),
  );
}
