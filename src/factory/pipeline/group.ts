import type { Step } from './step.ts';

/** The steps of a target. */
export interface Group {
  /** Goes before the ids of its steps where they are shown; absent for the only group of a run. */
  readonly name?: string | undefined;
  /** In an order in which needs come first. */
  readonly steps: readonly Step[];
}

/** The id of a step as it is shown. */
export function shownId({ name }: Group, id: string): string {
  return name === undefined ? id : `${name}/${id}`;
}

/** Id and title of a step as they are shown. */
export function shownStep(
  group: Group,
  { id, title }: Step,
): { readonly id: string; readonly title: string } {
  return { id: shownId(group, id), title: group.name === undefined ? title : `${group.name}: ${title}` };
}
