import { LABEL } from '../../common/contract/labels.ts';
import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { SLOT_FILE } from '../../common/contract/partition-files.ts';
import { messageOf } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { type Assessment, activeSlot, assessment } from '../deploy/assessment.ts';
import { findByLabel } from '../deploy/find-by-label.ts';
import { lockNode } from '../deploy/lock.ts';
import { mount, mountReadable } from '../deploy/mounts.ts';
import { readSystem, type SlotSystem } from '../deploy/slot-origin.ts';

/** The slots of a node. */
export const SLOTS = ['active', 'passive', 'recovery'] as const;
export type SlotName = (typeof SLOTS)[number];

/** A slot: its system, or why there is none to read. */
export type SlotReport = SlotSystem | { readonly problem: string };

/** The systems of a node, and the marks of its boot assessment. */
export interface NodeSlots {
  readonly slots: Readonly<Record<SlotName, SlotReport>>;
  /** Absent without a state partition. */
  readonly marks?: Assessment & { readonly activeId: string | undefined };
}

/** Where an image is mounted to be read. */
const VIEW = `${NODE_PATH.run}/view`;
/** The menu prefers a squashfs. */
const RECOVERY_IMAGES = [SLOT_FILE.recoverySquashfs, SLOT_FILE.recovery];

/**
 * Reads the systems of all slots. It needs root; a slot that cannot be read has the reason, as while an upgrade replaces it.
 * @returns `undefined` on a machine without a state partition, such as a live system
 */
export async function readSlots(host: Host): Promise<NodeSlots | undefined> {
  const state = await findByLabel(host, LABEL.state);
  if (state === undefined) return undefined;
  let lock: AsyncDisposable;
  try {
    lock = await lockNode(host, { tries: 1 });
  } catch (error) {
    const problem = messageOf(error);
    return { slots: { active: { problem }, passive: { problem }, recovery: { problem } } };
  }
  await using _ = lock;
  await using partition = await mountReadable(host, state, 'state');
  const { path } = partition;
  return {
    slots: {
      active: await readImage(host, [`${path}/${SLOT_FILE.active}`]),
      passive: await readImage(host, [`${path}/${SLOT_FILE.passive}`]),
      recovery: await readRecovery(host),
    },
    marks: { ...(await assessment(host, path)), activeId: await activeSlot(host, path) },
  };
}

async function readRecovery(host: Host): Promise<SlotReport> {
  const device = await findByLabel(host, LABEL.recovery);
  if (device === undefined) return { problem: `no partition has the label ${LABEL.recovery}` };
  try {
    await using partition = await mountReadable(host, device, 'recovery');
    return await readImage(
      host,
      RECOVERY_IMAGES.map((image) => `${partition.path}/${image}`),
    );
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

/** @param candidates the first one that exists counts */
async function readImage(host: Host, candidates: readonly string[]): Promise<SlotReport> {
  try {
    for (const image of candidates) {
      if ((await host.stat(image)) === undefined) continue;
      await using tree = await mount(host, image, { path: VIEW, options: ['loop', 'ro'] });
      return await readSystem(host, tree.path);
    }
    return { problem: 'there is no system' };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}
