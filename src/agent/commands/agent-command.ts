import type { Command } from '@commander-js/extra-typings';
import type { Host } from '../../common/host/host.ts';

/** What every command of the agent works with. */
export interface AgentContext {
  readonly host: Host;
  /** Writes to standard output; the log goes to standard error. */
  readonly out: (text: string) => void;
}

/** A command of the agent: a file each in this directory, registered in `src/agent/program.ts`. */
// biome-ignore lint/suspicious/noExplicitAny: commander types each command by its own options
export type AgentCommand = (context: AgentContext) => Command<any, any>;
