import { existsSync } from 'node:fs';
import { type ContextEntry, directoryEntries } from './context-tar.ts';
import { program } from './entry.ts';

/** Where the agent looks for its loader and its libraries: `scripts/agent-libc.json` compiles the same path in. */
export const AGENT_LIBC = '/usr/lib/kairos/libc';

/** The directory with the C library of a compiled agent. */
export const libcOf = (agent: string): string => `${agent}.libc`;

/** {@link libcOf} as a list, which is empty for a program that brings none along. */
export const libcTrees = (agent: string): string[] => [libcOf(agent)].filter(existsSync);

/** The C library that an agent brings along, as the directory `place` of the context. */
export function libcEntries(agent: string, place: string): ContextEntry[] {
  return libcTrees(agent).flatMap((libc) => directoryEntries(libc, place));
}

/** The agent and its C library in a tree of the context. */
export function agentEntries(agent: string, tree: string): ContextEntry[] {
  return [program(`${tree}/usr/bin/kairos-agent`, agent), ...libcEntries(agent, `${tree}${AGENT_LIBC}`)];
}
