import type { AgentContext } from '../commands/agent-command.ts';

/** The steps that front ends know (docs/contract.md 5.3), and the agent's additional ones. */
export type DeployStep =
  | 'partition'
  | 'before-install'
  | 'active'
  | 'bootloader'
  | 'recovery'
  | 'passive'
  | 'after-install'
  | 'verify'
  | 'download'
  | 'check'
  | 'swap'
  | 'persistent'
  | 'done';

/** Reports the progress of a deployment to a person or a front end. */
export interface Progress {
  /** Reports the start of a step. */
  step(step: DeployStep, title: string): void;
  /** Reports the progress of the current step, in bytes. */
  bytes(done: number, total: number): void;
}

/** Minimum interval between two byte reports, in milliseconds. */
const PAUSE = 2000;

/**
 * Reports progress to the log and, with `KAIROS_AGENT_PROGRESS` or `json`, as JSON lines on standard output
 * (docs/contract.md 5.3):
 * `{"step":"active","title":"…"}`, `{"step":"download","done":1,"total":2}`.
 */
export function createProgress(
  { host, out }: AgentContext,
  { json = false }: { readonly json?: boolean } = {},
): Progress {
  const machine = json || Boolean(host.env['KAIROS_AGENT_PROGRESS']);
  const say = (value: object) => {
    if (machine) out(`${JSON.stringify(value)}\n`);
  };
  let current: DeployStep = 'done';
  let last = 0;
  return {
    step: (step, title) => {
      current = step;
      host.log('info', title);
      say({ step, title });
    },
    bytes: (done, total) => {
      const now = host.now().getTime();
      if (done < total && now - last < PAUSE) return;
      last = now;
      const mib = (bytes: number) => Math.round(bytes / 1024 ** 2);
      host.log('info', `${mib(done)} of ${mib(total)} MiB`);
      say({ step: current, done, total });
    },
  };
}
