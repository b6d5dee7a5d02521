import { DefaultRenderer } from 'listr2';

/** What a step of the list is doing. */
export interface ShownStep {
  readonly title: string;
  readonly state: 'waiting' | 'running' | 'done' | 'failed';
  /** The last line of a running step. */
  readonly output?: string;
}

/** Size of a terminal. */
interface Size {
  readonly rows: number;
  readonly columns: number;
}

/**
 * Shows the steps in fewer rows than a terminal has: what runs or has failed, and counts of the others.
 * @returns one line for each row
 */
export function summarize(steps: readonly ShownStep[], { rows, columns }: Size): string[] {
  const of = (state: ShownStep['state']) => steps.filter((step) => step.state === state);
  const busy = [
    ...of('failed').map(({ title }) => `✖ ${title}`),
    ...of('running').flatMap(({ title, output }) => [`❯ ${title}`, ...(output ? [`  › ${output}`] : [])]),
  ];
  const room = Math.max(1, rows - 4);
  const counts = [`✔ ${of('done').length} of ${steps.length} steps done`];
  if (of('waiting').length > 0) counts.push(`  ${of('waiting').length} waiting`);
  // The newest last: they are what a person looks for.
  return [...busy.slice(-room), ...counts].map((line) => line.slice(0, Math.max(1, columns - 1)));
}

/**
 * The renderer of the task list, for a terminal that may have fewer rows than the list: the library would scroll the first
 * ones away, and they are the running ones. At the end it shows the whole list.
 */
export function fittingRenderer(size: () => Size, steps: () => readonly ShownStep[]): typeof DefaultRenderer {
  return class extends DefaultRenderer {
    override create(options?: { tasks?: boolean; bottomBar?: boolean; prompt?: boolean }): string {
      const whole = super.create(options);
      const isLast = options?.prompt === false;
      return isLast || whole.split('\n').length < size().rows ? whole : summarize(steps(), size()).join('\n');
    }
  };
}
