import { FactoryError } from '../../common/errors/factory-error.ts';
import type { LifeEvent, ProofTest } from '../../common/trust/proof.ts';
import type { Machine } from '../boot/machine.ts';
import { EVENT_PLANS, live } from './life.ts';
import { MODE_SCRIPT, NODE_CHECKS, type NodeCheck } from './node-checks.ts';
import { type ProofMachine, type ProofPlace, startProofMachine } from './proof-machine.ts';
import type { ProofResult } from './proof-result.ts';

/** One machine to prove, and what is asked of it. */
export interface ProofTask {
  /** The artifact and the firmware, for people. */
  readonly name: string;
  readonly machine: Machine;
  readonly events: readonly LifeEvent[];
  /** The checks of the person, in addition to ours. */
  readonly checks: readonly NodeCheck[];
  /** File for a picture of the screen at the end. */
  readonly screenshot: string;
  readonly onResult: (result: ProofResult) => void;
}

/**
 * Boots an artifact, lets the events of its life happen, and checks the system after each boot. The first event that fails
 * ends the life; failed checks do not.
 */
export async function proveArtifact(task: ProofTask, place: ProofPlace): Promise<ProofResult[]> {
  const results: ProofResult[] = [];
  let started = performance.now();
  const note = (test: Omit<ProofTest, 'machine'>, finding: Pick<ProofResult, 'output' | 'failure'>) => {
    const now = performance.now();
    const result = { machine: task.name, ...test, seconds: (now - started) / 1000, ...finding };
    started = now;
    results.push(result);
    task.onResult(result);
  };
  let at: LifeEvent = 'boot';
  try {
    await using machine = await startProofMachine(task.machine, place);
    try {
      await machine.booted('the first boot');
      for (at of task.events) {
        if (at !== 'boot') await live(machine, at);
        note({ event: at }, { output: '' });
        for (const check of checksAfter(task, at))
          note({ event: at, check: check.name }, await ask(machine, check));
      }
    } finally {
      await machine.screenshot(task.screenshot);
    }
  } catch (error) {
    if (!(error instanceof FactoryError) || error.code !== 'BOOT_FAILED') throw error;
    note({ event: at }, { output: error.details.join('\n'), failure: error.message });
  }
  return results;
}

/** What the system is asked after an event: its mode, a trace of the event, and all that holds for every system. */
function checksAfter({ machine, checks }: ProofTask, event: LifeEvent): NodeCheck[] {
  const first = machine.artifact.endsWith('.iso') ? 'live' : 'active';
  const mode = event === 'boot' ? first : EVENT_PLANS[event].mode;
  const isMode: NodeCheck = {
    name: `the system is ${mode}`,
    script: `mode=$(${MODE_SCRIPT}); echo "$mode"; [ "$mode" = ${mode} ]`,
  };
  const trace =
    event === 'boot' ? [] : [{ name: 'the event left its trace', script: EVENT_PLANS[event].trace }];
  const ours = NODE_CHECKS.filter(({ installed }) => !installed || mode !== 'live');
  return [isMode, ...trace, ...ours, ...checks];
}

async function ask(machine: ProofMachine, { script }: NodeCheck) {
  const { status, output } = await machine.run(script);
  return status === 0 ? { output } : { output, failure: `the check ended with status ${status}` };
}
