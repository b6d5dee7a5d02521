import { z } from 'zod';

const Numbers = z.record(z.string(), z.int().min(0)).default({});
const RecordText = z.object({ uids: Numbers, gids: Numbers });

/** The ids that the agent gave to accounts and groups, kept because /home outlives /etc (docs/contract.md 2.6). */
export interface NumberRecord {
  readonly uids: ReadonlyMap<string, number>;
  readonly gids: ReadonlyMap<string, number>;
}

/** Parses a record; an empty one when the text is missing or not valid. */
export function parseNumberRecord(text: string | undefined): NumberRecord {
  const parsed = RecordText.safeParse(jsonOf(text ?? '{}'));
  const { uids, gids } = parsed.success ? parsed.data : { uids: {}, gids: {} };
  return { uids: new Map(Object.entries(uids)), gids: new Map(Object.entries(gids)) };
}

/** Formats a record; equal records give equal text. */
export function formatNumberRecord({ uids, gids }: NumberRecord): string {
  const sorted = (ids: ReadonlyMap<string, number>) => Object.fromEntries([...ids].sort(byName));
  return `${JSON.stringify({ uids: sorted(uids), gids: sorted(gids) }, undefined, 2)}\n`;
}

function byName([a]: readonly [string, number], [b]: readonly [string, number]): number {
  return a < b ? -1 : 1;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
