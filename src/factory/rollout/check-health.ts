import { z } from 'zod';
import { parseJson } from '../../common/text/parse-json.ts';
import type { RunResult } from '../tools/runner.ts';
import { askStatus, inUrl } from './ask-status.ts';
import { nodeText } from './observation.ts';
import { curlCommand } from './remote-command.ts';
import type { RolloutSpec } from './schema.ts';

type Health = RolloutSpec['health'];
type Probe = Health['http'][number];

/** What the checks of one node need. */
export interface HealthChecks {
  readonly health: Health;
  readonly address: string;
  /** Runs a script on the node, as root. */
  readonly run: (script: string) => Promise<RunResult>;
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Findings of doctor that a reason repeats. */
const FINDINGS = 5;

const Report = z.array(z.object({ check: z.string(), level: z.string(), text: z.string() }));

/**
 * Checks whether a node is healthy.
 * @returns what is not, one sentence each
 * @throws FactoryError of the connection to the node
 */
export async function checkHealth(checks: HealthChecks): Promise<string[]> {
  const { doctor, commands, http } = checks.health;
  const problems = doctor ? await askDoctor(checks) : [];
  for (const command of commands) problems.push(...(await tryCommand(checks, command)));
  for (const probe of http) problems.push(...(await tryProbe(checks, probe)));
  return problems;
}

async function askDoctor({ run }: HealthChecks): Promise<string[]> {
  const { exitCode, stdout } = await run('exec kairos-agent doctor --json');
  if (exitCode === 0) return [];
  const findings = failuresOf(stdout).slice(0, FINDINGS);
  return findings.length > 0 ? findings : [`kairos-agent doctor failed with status ${exitCode}`];
}

/** The failures in a report of doctor, which an error may follow. */
function failuresOf(text: string): string[] {
  const report = Report.safeParse(parseJson(text.slice(0, text.lastIndexOf(']') + 1)));
  return (report.data ?? [])
    .filter(({ level }) => level === 'failure')
    .map(({ check, text: finding }) => nodeText(`doctor ${check}: ${finding}`));
}

async function tryCommand({ run }: HealthChecks, command: string): Promise<string[]> {
  const { exitCode } = await run(command);
  return exitCode === 0 ? [] : [`"${nodeText(command)}" ended with status ${exitCode}`];
}

async function tryProbe(checks: HealthChecks, probe: Probe): Promise<string[]> {
  const url = probe.url.replaceAll('{address}', inUrl(checks.address));
  const found = await (probe.from === 'here' ? askStatus(url, checks) : statusFromNode(checks, url));
  return found === String(probe.status)
    ? []
    : [`${url} from ${whose(probe)} answers ${found}, not ${probe.status}`];
}

function whose({ from }: Probe): string {
  return from === 'here' ? 'this machine' : 'the node';
}

async function statusFromNode({ run }: HealthChecks, url: string): Promise<string> {
  const { exitCode, stdout, stderr } = await run(curlCommand(url));
  return exitCode === 0 ? nodeText(stdout) : `nothing (${nodeText(stderr) || `status ${exitCode}`})`;
}
