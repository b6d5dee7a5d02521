import type { Node } from '../kubernetes/objects.ts';
import type { LabelSelector } from './schema-parts.ts';

const CONTROL_PLANE = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];

/** The nodes that a selector means, in the order of the work: the control plane first, then by name. */
export function selectNodes(nodes: readonly Node[], selector: LabelSelector = {}): readonly Node[] {
  const rank = ({ metadata: { labels = {} } }: Node) =>
    CONTROL_PLANE.some((label) => label in labels) ? 0 : 1;
  return nodes
    .filter(({ metadata }) => matchesSelector(metadata.labels, selector))
    .toSorted((one, other) => rank(one) - rank(other) || compare(one.metadata.name, other.metadata.name));
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** Whether labels match a selector. A selector without conditions matches all. */
export function matchesSelector(
  labels: Readonly<Record<string, string>> = {},
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => HOLDS[operator](labels[key], values))
  );
}

type Operator = NonNullable<LabelSelector['matchExpressions']>[number]['operator'];

const HOLDS: Readonly<Record<Operator, (value: string | undefined, values: readonly string[]) => boolean>> = {
  In: (value, values) => value !== undefined && values.includes(value),
  NotIn: (value, values) => value === undefined || !values.includes(value),
  Exists: (value) => value !== undefined,
  DoesNotExist: (value) => value === undefined,
};
