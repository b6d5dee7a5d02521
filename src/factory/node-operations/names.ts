import { createHash } from 'node:crypto';
import type { ObjectMeta } from '../kubernetes/objects.ts';

/** Longest value of a label, and longest name of a Job, whose pods carry it as a label. */
const LONGEST = 63;
const HASH = 10;

/** The names of what a NodeOp makes for one node. They are the same each time, so nothing is made twice. */
export interface NodeObjectNames {
  /** Of the Job, and of its notes on the node. */
  readonly job: string;
  readonly preflight: string;
  readonly reboot: string;
  readonly health: string;
}

/** Names what a NodeOp makes for a node. A NodeOp of the same name that is made later has other ones. */
export function nodeObjectNames({ name, uid = '' }: ObjectMeta, node: string): NodeObjectNames {
  const job = `${part(name, 30)}-${part(node, 20)}-${hashOf(`${uid} ${node}`)}`;
  return { job, preflight: `${job}-preflight`, reboot: `${job}-reboot`, health: `${job}-health` };
}

/** A text as the value of a label: one that is too long ends in a hash. */
export function labelValue(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - HASH - 1)}-${hashOf(text)}`;
}

function part(text: string, length: number): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, '-')
    .slice(0, length)
    .replaceAll(/^-+|-+$/g, '');
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, HASH);
}
