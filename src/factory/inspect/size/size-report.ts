import type { InspectContext } from '../artifact/inspect-context.ts';
import { compareSizes, type SizeDifference } from './compare-sizes.ts';
import { measureRoot, type RootSize } from './measure-root.ts';
import { openRoot } from './open-root.ts';

/** The report of `size`, and the JSON that it prints (docs/size.md). Sizes are in bytes. */
export interface SizeReport extends RootSize {
  readonly schema: 1;
  /** As it was given. */
  readonly subject: string;
  /** The artifact that was measured, of a folder with several. */
  readonly artifact?: string;
  /** Of the file, or of the layers of an image as they are stored. */
  readonly stored?: number;
  /** The differences from another subject. */
  readonly compared?: SizeDifference & { readonly subject: string };
}

/**
 * Measures what makes an artifact, an image or a directory large.
 * @param other what to compare it with
 * @throws FactoryError as `openRoot` and `measureRoot`
 */
export async function sizeReport(
  subject: string,
  other: string | undefined,
  context: InspectContext,
): Promise<SizeReport> {
  const { root, ...opened } = await openRoot(subject, context);
  const size = await measureRoot(root);
  const report = { schema: 1, subject, ...opened, ...size } as const;
  if (other === undefined) return report;
  const before = await measureRoot((await openRoot(other, context)).root);
  return { ...report, compared: { subject: other, ...compareSizes(before, size) } };
}
