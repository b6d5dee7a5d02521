import type { BuildEvent } from '../pipeline/events.ts';

/** What a step of the list is doing. */
export interface ListedStep {
  readonly title: string;
  readonly state: 'waiting' | 'running' | 'cached' | 'done' | 'failed';
  /** When it began, in milliseconds. */
  readonly started?: number;
  /** How long it took. */
  readonly seconds?: number;
  /** What it does now, and the detail of it that changes from second to second. */
  readonly activity?: string | undefined;
  readonly glimpse?: string | undefined;
}

/** The steps by id, in the order of the plan. */
export type StepList = ReadonlyMap<string, ListedStep>;

/** The list after an event. @param now a time in milliseconds */
export function afterEvent(list: StepList, event: BuildEvent, now: number): StepList {
  if (event.type === 'plan')
    return new Map(event.steps.map(({ id, title }) => [id, { title, state: 'waiting' }]));
  if (event.type === 'notice') return list;
  const step = list.get(event.id);
  if (step === undefined && event.type === 'progress') return list;
  const before: ListedStep = step ?? {
    title: event.type === 'progress' ? event.id : event.title,
    state: 'waiting',
  };
  return new Map([...list, [event.id, { ...before, ...change(event, before, now) }]]);
}

type StepEvent = Exclude<BuildEvent, { type: 'plan' | 'notice' }>;

function change(event: StepEvent, { started = 0 }: ListedStep, now: number): Partial<ListedStep> {
  switch (event.type) {
    case 'start':
      return { state: 'running', started: now };
    case 'progress':
      return event.isFleeting ? { glimpse: event.text } : { activity: event.text, glimpse: undefined };
    case 'end':
      return { state: event.cached ? 'cached' : 'done', seconds: event.seconds };
    case 'fail':
      return { state: 'failed', seconds: (now - started) / 1000 };
  }
}

/** Formats a duration: `12 s`, `1:05 min`. */
export function formatElapsed(seconds: number): string {
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')} min`;
}
