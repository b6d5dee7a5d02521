import { shortHash } from '../kubernetes/object-names.ts';
import type { ObjectMeta } from '../kubernetes/objects.ts';

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
  const job = `${part(name, 30)}-${part(node, 20)}-${shortHash(`${uid} ${node}`)}`;
  return { job, preflight: `${job}-preflight`, reboot: `${job}-reboot`, health: `${job}-health` };
}

function part(text: string, length: number): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, '-')
    .slice(0, length)
    .replaceAll(/^-+|-+$/g, '');
}
