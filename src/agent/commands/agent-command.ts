import type { Command } from '@commander-js/extra-typings';
import type { Host } from '../../common/host/host.ts';

/** What every command of the agent receives. */
export interface AgentContext {
  readonly host: Host;
  /** Writes to standard output; the log goes to standard error. */
  readonly out: (text: string) => void;
  /** The user that runs the agent; without it, commands for root run as they are. */
  readonly uid?: number | undefined;
}

/** Builds a command of the agent. Each has a file in this directory and is registered in `src/agent/program.ts`. */
// biome-ignore lint/suspicious/noExplicitAny: commander types each command by its own options
export type AgentCommand = (context: AgentContext) => Command<any, any>;
