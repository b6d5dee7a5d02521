import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { messageOf } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { showNotice, withdrawNotice } from '../host/notice.ts';
import { isBootStage } from './boot-order.ts';

/** Something of a stage that failed. */
export interface StageFailure {
  /** File, and the step and action in it: `/oem/a.yaml: step "web" of boot: commands`. It contains no secrets. */
  readonly place: string;
  /** May quote the configuration. */
  readonly message: string;
}

/** What failed in a stage of this boot. */
export interface StageRecord {
  readonly stage: string;
  readonly failures: readonly StageFailure[];
}

const NAME = '20-kairos-configuration';
/** Failures that a notice lists; doctor lists all. */
const SHOWN = 8;
/** Failures may quote passwords. */
const PRIVATE = 0o600;

/**
 * Keeps what failed in a stage of the boot, until it runs again or the machine is started again, and shows at each login that
 * the configuration was not applied completely: a boot continues after a failed step, and nobody looks into the journal of a
 * node that seems to run.
 */
export async function recordStage(host: Host, { stage, failures }: StageRecord): Promise<void> {
  if (!isBootStage(stage)) return;
  try {
    await keepRecord(host, { stage, failures });
  } catch (error) {
    host.log('warn', `what failed in the stage ${stage} cannot be shown at logins: ${messageOf(error)}`);
  }
}

async function keepRecord(host: Host, record: StageRecord): Promise<void> {
  const { stage } = record;
  await host.write(`${NODE_PATH.stageRecords}/${stage}.json`, `${JSON.stringify(record)}\n`, {
    mode: PRIVATE,
  });
  // In the initramfs, /etc is not that of the system; the next stage shows what failed in this one.
  if (stage === 'rootfs') return;
  const failed = failuresOf(await readRecords(host));
  if (failed.length === 0) return await withdrawNotice(host, NAME);
  await showNotice(host, {
    name: NAME,
    issue: 'THE CONFIGURATION OF THIS NODE WAS NOT APPLIED COMPLETELY. Log in to see why.\n\n',
    motd: renderNotice([...new Set(failed.map(({ place }) => place))]),
  });
}

/** Reads what failed in the stages of this boot, in no particular order. */
export async function readRecords(host: Host): Promise<StageRecord[]> {
  const names = await host.list(NODE_PATH.stageRecords);
  const texts = await Promise.all(names.map((name) => host.readText(`${NODE_PATH.stageRecords}/${name}`)));
  return texts.flatMap((text) => recordIn(text ?? ''));
}

function recordIn(text: string): StageRecord[] {
  try {
    return [JSON.parse(text) as StageRecord];
  } catch {
    // The power went while it was written.
    return [];
  }
}

/** The failures of all records; a file that cannot be read fails in every stage, and counts once. */
export function failuresOf(records: readonly StageRecord[]): StageFailure[] {
  const all = records.flatMap(({ failures }) => failures);
  return [...new Map(all.map((failure) => [`${failure.place}\n${failure.message}`, failure])).values()];
}

function renderNotice(places: readonly string[]): string {
  const more = places.length - SHOWN;
  return [
    'THE CONFIGURATION OF THIS NODE WAS NOT APPLIED COMPLETELY. What failed:',
    ...places.slice(0, SHOWN).map((place) => `  ${place}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
    'Reasons and remedies: sudo kairos-agent doctor',
    '',
    '',
  ].join('\n');
}
