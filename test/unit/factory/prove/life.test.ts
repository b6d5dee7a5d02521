import { expect, test } from 'vitest';
import { lifeOf } from '../../../../src/factory/config/prove.ts';
import { live, parseEvents } from '../../../../src/factory/prove/life.ts';
import type { ProofMachine } from '../../../../src/factory/prove/proof-machine.ts';
import { failureOf } from '../../support/failure.ts';

/** A machine that answers each script with the next result. */
function machineOf(...answers: { status: number; output: string }[]) {
  const calls: string[] = [];
  const machine: ProofMachine = {
    booted: async () => void calls.push('booted'),
    reboot: async () => void calls.push('reboot'),
    run: async () => {
      calls.push('run');
      return answers.shift() ?? { status: 0, output: '' };
    },
    screenshot: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
  return { machine, calls };
}

test('the events of --life are in the order in which they happen, and begin with the boot', () => {
  expect(parseEvents('--life', 'reset, install')).toEqual(['install', 'reset']);
  expect(lifeOf(['reset', 'install'])).toEqual(['boot', 'install', 'reset']);
  expect(lifeOf([])).toEqual(['boot']);
});

test('an unknown event is refused with those that exist', async () => {
  const error = await failureOf(async () => parseEvents('--life', 'boot,explode'), 'usage');
  expect(error.message).toContain('"explode"');
  expect(error.remedy).toContain('boot, install, upgrade, fallback, reset');
});

test('an event whose script fails ends there, with the last lines', async () => {
  const { machine, calls } = machineOf({ status: 0, output: '' }, { status: 5, output: 'not signed' });
  const error = await failureOf(() => live(machine, 'upgrade'), 'verification');
  expect(error.message).toBe('upgrade failed in the machine with status 5');
  expect(error.details).toEqual(['not signed']);
  expect(calls).toEqual(['run', 'run']);
});

test('a reset passes through the recovery system, which may answer first', async () => {
  const { machine, calls } = machineOf(
    { status: 0, output: '' },
    { status: 0, output: 'autoreset' },
    { status: -1, output: 'the system restarted' },
    { status: 0, output: 'active' },
  );
  await live(machine, 'reset');
  expect(calls).toEqual(['run', 'reboot', 'run', 'booted', 'run', 'booted', 'run']);
});
