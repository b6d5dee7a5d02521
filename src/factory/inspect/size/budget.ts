import { FactoryError } from '../../../common/errors/factory-error.ts';
import { growth, type SizeDifference } from './compare-sizes.ts';
import type { RootSize } from './measure-root.ts';

const MIB = 1024 * 1024;
/** Lines of an error about what is large or grew. */
const SHOWN = 10;

/** What a budget is checked against. */
export interface Budgeted {
  /** What it is, for the message. */
  readonly name: string;
  readonly size: RootSize;
  /** The differences from what it is compared with. */
  readonly difference?: SizeDifference | undefined;
}

/**
 * Checks the content of a root against a budget.
 * @param mebibytes the largest content in MiB
 * @throws FactoryError `verification` when it is larger; the details name what grew, or what is largest
 */
export function requireBudget({ name, size, difference }: Budgeted, mebibytes: number): void {
  if (size.content <= mebibytes * MIB) return;
  const over = size.content - mebibytes * MIB;
  throw new FactoryError(
    'SIZE_BUDGET_EXCEEDED',
    `the files of ${name} take ${inMib(size.content)}, ${inMib(over)} more than the budget of ${mebibytes} MiB`,
    {
      details: difference === undefined ? largest(size) : grown(difference),
      remedy:
        'Leave out what is not needed, or raise the budget: "kairos-factory size" shows the whole list.',
    },
  );
}

function grown({ content, packages, parts }: SizeDifference): string[] {
  const lines = (kind: string, changes: SizeDifference['packages']) =>
    changes
      .filter((change) => growth(change) > 0)
      .slice(0, SHOWN)
      .map((change) => `${kind} ${change.name} grew by ${inMib(growth(change))} to ${inMib(change.after)}`);
  const total = `the content was ${inMib(content.before)} before`;
  return [total, ...lines('package', packages), ...lines('part', parts)];
}

function largest({ packages, parts }: RootSize): string[] {
  const lines = (kind: string, entries: readonly { readonly name: string; readonly size: number }[]) =>
    entries.slice(0, SHOWN).map((entry) => `${kind} ${entry.name}: ${inMib(entry.size)}`);
  return [...lines('package', packages), ...lines('part', parts)];
}

function inMib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}
