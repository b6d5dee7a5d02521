import type { WriteStream } from 'node:tty';
import { Listr, ListrLogger, type ListrTaskWrapper, ProcessOutput } from 'listr2';
import type { BuildEvent } from '../pipeline/events.ts';
import { fittingRenderer, type ShownStep } from './fitting-renderer.ts';

/** Displays the events of a build. */
export interface ProgressRenderer {
  readonly onEvent: (event: BuildEvent) => void;
  /** Ends the display; no event may follow. */
  readonly close: () => Promise<void>;
}

/** Creates a renderer: a live task list on a terminal, plain lines otherwise. */
export function createProgressRenderer(stream: WriteStream): ProgressRenderer {
  return stream.isTTY && process.stdout.isTTY && process.env['CI'] === undefined
    ? createTaskList(stream)
    : createLines(stream);
}

function createLines(stream: { write(text: string): unknown }): ProgressRenderer {
  const line = (text: string) => stream.write(`${text}\n`);
  return {
    onEvent: (event) => {
      switch (event.type) {
        case 'start':
          line(`[${event.id}] ${event.title}`);
          break;
        case 'progress':
          line(`[${event.id}] … ${event.text}`);
          break;
        case 'end':
          line(`[${event.id}] ${event.cached ? 'cached' : `done in ${event.seconds.toFixed(1)} s`}`);
          break;
        case 'fail':
          line(`[${event.id}] failed`);
          break;
        case 'notice':
          line(`notice: ${event.text}`);
          break;
        case 'plan':
          break;
      }
    },
    close: async () => undefined,
  };
}

interface Pending {
  readonly done: Promise<void>;
  readonly settle: (error?: Error) => void;
  task?: ListrTaskWrapper<unknown, never, never>;
}

/** The tasks of the list do no work: each waits for the end of its step. */
function createTaskList(stream: WriteStream): ProgressRenderer {
  // stdout is for the report.
  const logger = new ListrLogger({ processOutput: new ProcessOutput(stream, stream) });
  const pending = new Map<string, Pending>();
  const notices: string[] = [];
  const steps = new Map<string, ShownStep>();
  const show = (id: string, change: Partial<ShownStep>) => {
    const step = steps.get(id);
    if (step !== undefined) steps.set(id, { ...step, ...change });
  };
  const size = () => ({ rows: stream.rows || 24, columns: stream.columns || 80 });
  let shown: Promise<unknown> = Promise.resolve();
  const open = (id: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const entry: Pending = { done: promise, settle: (error) => (error ? reject(error) : resolve()) };
    promise.catch(() => undefined);
    pending.set(id, entry);
    return entry;
  };
  return {
    onEvent: (event) => {
      switch (event.type) {
        case 'plan': {
          const tasks = event.steps.map(({ id, title }) => {
            const entry = open(id);
            steps.set(id, { title, state: 'waiting' });
            return {
              title,
              task: (_: unknown, task: ListrTaskWrapper<unknown, never, never>) => {
                entry.task = task;
                return entry.done;
              },
            };
          });
          const list = new Listr(tasks as never, {
            renderer: fittingRenderer(size, () => [...steps.values()]),
            concurrent: true,
            // Its listener would end the process at once; the session cleans up first.
            registerSignalListeners: false,
            exitOnError: false,
            rendererOptions: { collapseErrors: false, logger },
          });
          shown = list.run().catch(() => undefined);
          break;
        }
        case 'progress': {
          const task = pending.get(event.id)?.task;
          show(event.id, { output: event.text });
          if (task) task.output = event.text;
          break;
        }
        case 'end': {
          const entry = pending.get(event.id);
          show(event.id, { state: 'done' });
          if (entry?.task)
            entry.task.title = `${event.title} ${event.cached ? '(cached)' : `(${event.seconds.toFixed(1)} s)`}`;
          entry?.settle();
          break;
        }
        case 'fail':
          show(event.id, { state: 'failed' });
          pending.get(event.id)?.settle(new Error('failed'));
          break;
        case 'notice':
          notices.push(event.text);
          break;
        case 'start':
          show(event.id, { state: 'running' });
          break;
      }
    },
    close: async () => {
      for (const { settle } of pending.values()) settle(new Error('not run'));
      await shown;
      for (const text of notices) stream.write(`notice: ${text}\n`);
    },
  };
}
