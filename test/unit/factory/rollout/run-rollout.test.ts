import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type RolloutEnd, runRollout } from '../../../../src/factory/rollout/run-rollout.ts';
import { initialState, retried } from '../../../../src/factory/rollout/state.ts';
import { planWaves } from '../../../../src/factory/rollout/waves.ts';
import { type Fleet, fleetOf, type Habit, Killed, NEW, OLD } from './fleet.ts';

const LIMITS = { connect: 60, upgrade: 600, reboot: 300, health: 120 };

function rolloutOf(
  habits: readonly Habit[],
  { sizes, max }: { readonly sizes: readonly number[]; readonly max: number },
) {
  const nodes = habits.map((_, index) => ({ name: `node-${index}`, groups: [] }));
  const waves = planWaves(nodes, sizes);
  const plan = {
    image: 'r/os:v2',
    pinned: `r/os@${NEW}`,
    digests: [NEW],
    waves,
    made: '2026-01-01T00:00:00Z',
  };
  const fleet = fleetOf(
    Object.fromEntries(nodes.map(({ name }, index) => [name, habits[index] ?? 'good'])),
    initialState(plan),
  );
  const spec = { nodes, limits: LIMITS, 'max-unavailable': max };
  const { access, clock, store } = fleet;
  return { fleet, waves, run: () => runRollout({ spec, access, clock, store }) };
}

/** Runs processes that die after so many actions each, and then one that lives. */
async function runKilled(
  fleet: Fleet,
  run: () => Promise<RolloutEnd>,
  deaths: readonly number[],
): Promise<RolloutEnd> {
  for (const death of deaths) {
    fleet.start(death);
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
  }
  fleet.start(Number.POSITIVE_INFINITY);
  return run();
}

const habits = fc.array(
  fc.constantFrom<Habit>(
    'good',
    'good',
    'good',
    'falls back',
    'refuses',
    'unhealthy',
    'never returns',
    'loses the connection',
  ),
  { minLength: 1, maxLength: 8 },
);

test('whatever fails and whenever it is killed, the promises of a rollout hold', async () => {
  await fc.assert(
    fc.asyncProperty(
      ...([
        habits,
        fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
        fc.integer({ min: 1, max: 3 }),
      ] as const),
      fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 6 }),
      async (kinds, sizes, max, deaths) => {
        const { fleet, waves, run } = rolloutOf(kinds, { sizes, max });
        const end = await runKilled(fleet, run, deaths);
        const records = fleet.store.state().nodes;
        for (const [name, node] of fleet.nodes) {
          expect(node.activated, `${name} got the system twice`).toBeLessThanOrEqual(1);
          if (node.activated > 0) expect(records[name]?.before?.digest, `${name} has no record`).toBe(OLD);
          if (records[name]?.phase === 'done')
            expect([node.slot, node.running, node.disturbed]).toEqual(['active', NEW, false]);
        }
        expect(fleet.peak()).toBeLessThanOrEqual(max);
        for (const { name, proven } of fleet.begins) {
          const wave = waves.findIndex((names) => names.includes(name));
          for (const earlier of waves.slice(0, wave).flat()) expect(proven).toContain(earlier);
        }
        const isGood = kinds.every((kind) => kind === 'good' || kind === 'loses the connection');
        expect(end).toBe(isGood ? 'done' : 'failed');
        if (isGood) expect(Object.values(records).every(({ phase }) => phase === 'done')).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

describe('a rollout', () => {
  test('stops after the first node that fell back, and says which boot failed', async () => {
    const { fleet, run } = rolloutOf(['falls back', 'good', 'good'], { sizes: [1], max: 2 });
    expect(await run()).toBe('failed');
    const { nodes } = fleet.store.state();
    expect(nodes['node-0']).toMatchObject({
      phase: 'failed',
      now: { slot: 'passive', digest: OLD },
      reason: expect.stringMatching(
        /fell back, because the first boot of the new system failed \(upgrade from v1 to v2\); it runs v1 .* passive/,
      ),
    });
    expect([nodes['node-1']?.phase, nodes['node-2']?.phase]).toEqual(['waiting', 'waiting']);
    expect(fleet.nodes.get('node-1')?.begun).toBe(0);
  });

  test.each([
    ['refuses', /the upgrade failed with status 5/],
    ['unhealthy', /not healthy within 2 min 00 s: a unit has failed/],
    ['panics later', /it fell back, because the first boot of the new system failed/],
    ['never returns', /not back from the reboot within 5 min 00 s: node-0 cannot be reached/],
  ] as const)('names the reason when a node %s', async (habit, reason) => {
    const { fleet, run } = rolloutOf([habit], { sizes: [1], max: 1 });
    expect(await run()).toBe('failed');
    expect(fleet.store.state().nodes['node-0']?.reason).toMatch(reason);
  });

  test('upgrades no node again whose image did not boot, also when it is tried again', async () => {
    const { fleet, run } = rolloutOf(['falls back'], { sizes: [1], max: 1 });
    await run();
    const again = fleetOf({}, retried(fleet.store.state(), '2026-01-02T00:00:00Z'));
    const nodes = [{ name: 'node-0', groups: [] }];
    const { access, clock } = fleet;
    const end = await runRollout({
      spec: { nodes, limits: LIMITS, 'max-unavailable': 1 },
      access,
      clock,
      store: again.store,
    });
    expect([end, fleet.nodes.get('node-0')?.begun]).toEqual(['failed', 1]);
    expect(again.store.state().nodes['node-0']?.reason).toMatch(/fell back/);
  });

  test('begins no node while it is paused, and finishes those in work', async () => {
    const { fleet, run } = rolloutOf(['good', 'good', 'good'], { sizes: [2], max: 1 });
    const { upgrade } = fleet.access;
    Object.assign(fleet.access, {
      upgrade: async (...args: Parameters<typeof upgrade>) => {
        fleet.pause = true;
        return upgrade(...args);
      },
    });
    expect(await run()).toBe('paused');
    expect(Object.values(fleet.store.state().nodes).map(({ phase }) => phase)).toEqual([
      'done',
      'waiting',
      'waiting',
    ]);
    fleet.pause = false;
    Object.assign(fleet.access, { upgrade });
    expect(await run()).toBe('done');
    expect([...fleet.nodes.values()].map(({ activated }) => activated)).toEqual([1, 1, 1]);
  });
});
