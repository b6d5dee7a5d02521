import type { Host } from '../../common/host/host.ts';
import type { Collected } from '../config/collect.ts';

/** How serious a finding is. Warnings do not change the exit status. */
export type FindingLevel = 'ok' | 'warning' | 'failure';

/** What a check found. */
export interface Finding {
  readonly level: FindingLevel;
  readonly text: string;
  /** What to do, as a sentence. */
  readonly remedy?: string;
}

/** What checks share. */
export interface CheckContext {
  readonly host: Host;
  /** The configuration of the node, as far as it needs no network. */
  readonly config: () => Promise<Collected>;
}

/** A check of the running node. Each has a file in `checks/`. */
export interface Check {
  /** Selects it on the command line. */
  readonly id: string;
  /** Where it makes sense: on an installed node, or on a live system too. */
  readonly on: 'node' | 'any';
  /** Runs only when it is named, because it takes long or leaves the machine. */
  readonly onlyByName?: true;
  /** Looks, and changes nothing. What it throws is a failure. */
  run(context: CheckContext): Promise<readonly Finding[]>;
}

export const ok = (text: string): Finding => ({ level: 'ok', text });
export const warning = (text: string, remedy: string): Finding => ({ level: 'warning', text, remedy });
export const failure = (text: string, remedy: string): Finding => ({ level: 'failure', text, remedy });
