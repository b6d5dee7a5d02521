import { z } from 'zod';

/** What is done with a bundle in the image build (docs/contract.md 5.7). */
export const BUNDLE_MODES = ['unpack', 'run'] as const;

/** An entry of the key `bundles`: the reference of an image, or a mapping. */
export const Bundle = z.preprocess(
  (value) => (typeof value === 'string' ? { image: value } : value),
  z.strictObject({
    image: z.string().min(1).meta({ description: 'An image, as for base.' }),
    mode: z
      .enum(BUNDLE_MODES)
      .default('unpack')
      .meta({ description: 'Lay its files into the root, or run its run.sh.' }),
  }),
);

/** A bundle, validated: its reference absolute. */
export type BundleSpec = z.output<typeof Bundle>;

/** Makes relative paths in the key's references relative to `directory`; anything that is malformed stays as it is. */
export function anchorBundles(
  value: unknown,
  directory: string,
  resolveReference: (reference: string, directory: string) => string,
): unknown {
  if (!Array.isArray(value)) return value;
  const anchor = (image: unknown) => (typeof image === 'string' ? resolveReference(image, directory) : image);
  return value.map((item: unknown) =>
    typeof item === 'object' && item !== null && 'image' in item
      ? { ...item, image: anchor(item.image) }
      : anchor(item),
  );
}
