import type { AgentContext } from '../commands/agent-command.ts';

/** The steps that front ends know (docs/contract.md 5.3), and ours besides. */
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

/** Tells a person, or a front end, how far a deployment has come. */
export interface Progress {
  /** A step begins. */
  step(step: DeployStep, title: string): void;
  /** How much of the current step is done, in bytes. */
  bytes(done: number, total: number): void;
}

/** Milliseconds between two lines about bytes. */
const PAUSE = 2000;

/**
 * Lines for the log; with `KAIROS_AGENT_PROGRESS` set, or `json`, JSON lines on standard output (docs/contract.md 5.3):
 * `{"step":"active","title":"…"}`, `{"step":"download","done":1,"total":2}`.
 */
export function createProgress({ host, out }: AgentContext, json = false): Progress {
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
