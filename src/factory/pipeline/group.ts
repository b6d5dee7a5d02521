import type { Step } from './step.ts';

/** The steps of a target. */
export interface Group {
  /** Prefix of step ids in the output; absent for the only group of a run. */
  readonly name?: string | undefined;
  /** In topological order: each step follows the steps that it needs. */
  readonly steps: readonly Step[];
}

/** The id of a step in the output. */
export function shownId({ name }: Group, id: string): string {
  return name === undefined ? id : `${name}/${id}`;
}

/** Id and title of a step in the output. */
export function shownStep(
  group: Group,
  { id, title }: Step,
): { readonly id: string; readonly title: string } {
  return { id: shownId(group, id), title: group.name === undefined ? title : `${group.name}: ${title}` };
}
