import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { RolloutState } from '../../src/factory/rollout/state.ts';
import { factory, MEASURED, PROJECT, TEST_HOME } from '../support/factory.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { LOGIN, makeLoginKey, type SshNode, startSshNode } from '../support/ssh-nodes.ts';

const OLD = `sha256:${'a'.repeat(64)}`;

// The SSH servers and the registry are real. The agent of a "node", sudo and the reboot are scripts (test/support/ssh-node):
// test/vm/rollout.test.ts has real ones.
describe('rollouts over SSH', () => {
  let registry: TestRegistry;
  let digest: string;
  let home: string;
  let key: string;
  let nodes: SshNode[];
  let file: string;

  beforeAll(async () => {
    registry = await startRegistry();
    digest = await registry.pushImage('fleet/os', 'a new system', 'v2');
  });
  afterAll(() => registry?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    home = await mkdtemp(join(TEST_HOME, 'rollout-'));
    key = await makeLoginKey(home);
    nodes = [];
  });
  afterEach(async () => {
    for (const node of nodes) await node[Symbol.asyncDispose]();
    await rm(home, { recursive: true, force: true });
  });

  /** Starts nodes, and writes the file of their rollout. */
  async function fleet(names: readonly string[], more: object = {}): Promise<SshNode[]> {
    nodes = await Promise.all(names.map((name) => startSshNode(name, { home, key, old: OLD })));
    await writeFile(join(home, 'known_hosts'), nodes.map(({ knownHost }) => knownHost).join(''));
    await rewrite(more);
    return nodes;
  }

  async function rewrite(more: object): Promise<void> {
    file = join(home, 'rollout.yaml');
    const spec = {
      image: `oci:${registry.host}/fleet/os:v2`,
      ssh: { user: LOGIN, identity: 'id', 'known-hosts': 'known_hosts' },
      nodes: nodes.map(({ name, port }) => ({ name, address: '127.0.0.1', port })),
      limits: { connect: 60, upgrade: 300, reboot: 300, health: 300 },
      ...more,
    };
    await writeFile(file, stringify(spec));
  }

  const rollout = (command: string, ...args: readonly string[]) =>
    factory(['rollout', command, file, ...args]);
  const stateFile = () => join(home, 'rollout.state/state.json');
  const state = async () => JSON.parse(await readFile(stateFile(), 'utf8')) as RolloutState;
  const phases = async () => Object.values((await state()).nodes).map(({ phase }) => phase);
  const node = (index: number): SshNode => {
    const found = nodes[index];
    if (found === undefined) throw new RangeError(`there is no node ${index}`);
    return found;
  };

  /** Starts a process that can be killed. */
  function start(command: string) {
    return execa(join(PROJECT, 'bin/kairos-factory'), ['rollout', command, file], {
      env: { KAIROS_FACTORY_CACHE: join(TEST_HOME, 'cache'), CI: 'true', ...MEASURED },
      ...{ reject: false, stdin: 'ignore' },
    });
  }

  async function until(condition: () => Promise<boolean>): Promise<void> {
    for (let left = 600; !(await condition().catch(() => false)); left -= 1) {
      if (left === 0) throw new Error(`this never came: ${condition}`);
      await setTimeout(100);
    }
  }

  test('three nodes in two waves: each is upgraded once, and only after the first is proven', async () => {
    await fleet(['n1', 'n2', 'n3'], { 'max-unavailable': 2 });
    const plan = await rollout('plan');
    expect([plan.status, plan.stderr]).toEqual([0, expect.stringContaining(digest)]);
    expect(plan.stdout).toMatch(/1 +n1 +v1\.0\.0 \(sha256:a{12}\) from the active slot +upgrade\n2 +n2 /);
    expect(plan.stdout).toContain(`@${digest}`);
    expect(await node(0).read('calls')).not.toContain('upgrade');

    // The tag moves; the plan is what counts.
    await registry.pushImage('fleet/os', 'a later system', 'v2');
    const { status, stdout, stderr } = await rollout('run');
    await registry.pushImage('fleet/os', 'a new system', 'v2');
    expect([status, stderr]).toEqual([
      0,
      expect.stringMatching(/wave 1 of 2 {2}n1: done[\s\S]*wave 2 of 2 {2}n2: upgrading/),
    ]);
    expect(stdout).toMatch(/rollout +done[\s\S]*n3 +done +active/);
    for (const each of nodes) {
      expect([await each.upgrades(), (await each.read('running')).trim()]).toEqual([1, digest]);
      expect(await each.read('calls')).toContain(
        `upgrade --source oci:${registry.host}/fleet/os@${digest}\n`,
      );
    }
    const times = await Promise.all(nodes.map((each) => each.read('upgrades')));
    expect(Number(times[1])).toBeGreaterThan(Number(times[0]));

    const again = await rollout('run');
    expect([again.status, await node(0).upgrades()]).toEqual([0, 1]);
    // A new plan finds that all nodes have the image.
    expect((await rollout('plan')).stdout).toMatch(/n3 .*has the image already/);
    expect((await rollout('run')).status).toBe(0);
    expect(await node(0).upgrades()).toBe(1);
  });

  test('a node that falls back stops the rollout, and the status says which boot failed and why', async () => {
    await fleet(['n1', 'n2', 'n3']);
    await node(0).set('falls-back');
    const { status, stderr } = await rollout('run');
    expect([status, stderr]).toEqual([
      5,
      expect.stringMatching(
        /n1: it fell back, because the first boot of the new system failed \(upgrade from v1\.0\.0 to v2\.0\.0 written 2026-01-02T00:00:00Z\); it runs v1\.0\.0 .* from the passive slot/,
      ),
    ]);
    expect(await phases()).toEqual(['failed', 'waiting', 'waiting']);
    expect(await node(1).read('calls')).toBe('');
    const shown = await rollout('status', '--json');
    expect([shown.status, JSON.parse(shown.stdout)]).toEqual([
      5,
      expect.objectContaining({ rollout: 'failed', paused: false, running: false }),
    ]);
    // Trying again does not upgrade it again: the same image would fall back again.
    const resumed = await rollout('resume');
    expect([resumed.status, await node(0).upgrades(), await phases()]).toEqual([
      5,
      1,
      ['failed', 'waiting', 'waiting'],
    ]);
  });

  test('a node that cannot be reached is listed by the plan, stops the run, and can be tried again', async () => {
    await fleet(['n1', 'n2']);
    await node(0).unplug();
    await rewrite({ limits: { connect: 3 } });
    expect(await rollout('plan')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(
        /n1 +- +NOT REACHED: 127\.0\.0\.1 cannot be reached: .*Connection refused/,
      ),
    });
    const run = await rollout('run');
    expect([run.status, run.stderr]).toEqual([
      5,
      expect.stringMatching(/n1: not reached within 3\.0 s: .*Connection refused/),
    ]);
    expect(await node(1).upgrades()).toBe(0);
    await execa('/usr/sbin/sshd', ['-f', join(node(0).directory, 'sshd_config')]);
    expect((await rollout('resume')).status).toBe(0);
    expect(await Promise.all(nodes.map((each) => each.upgrades()))).toEqual([1, 1]);
  });

  test('an image that a node refuses: the reason is its own', async () => {
    await fleet(['n1', 'n2']);
    await node(0).set('refuses');
    const { status, stderr } = await rollout('run');
    expect([status, stderr]).toEqual([
      5,
      expect.stringMatching(
        /n1: the upgrade failed with status 5: error: the image is not signed by a required signer/,
      ),
    ]);
  });

  test.each([
    ['upgrading', 'holds-upgrade'],
    ['rebooting', 'holds-reboot'],
    ['proving', 'unhealthy'],
  ] as const)(
    'killed while a node is %s, another process continues, and nothing is done twice',
    async (phase, hold) => {
      await fleet(['n1', 'n2'], { 'max-unavailable': 2, waves: ['rest'] });
      for (const each of nodes) await each.set(hold);
      const first = start('run');
      await until(async () => (await phases()).every((each) => each === phase));
      first.kill('SIGKILL');
      await first;
      // What the first one began goes on while the second one looks.
      const second = start('run');
      await setTimeout(3000);
      for (const each of nodes) await each.set(hold, { to: false });
      const { exitCode, stderr } = await second;
      expect([exitCode, stderr, await phases()]).toEqual([0, expect.any(String), ['done', 'done']]);
      for (const each of nodes) {
        const calls = (await each.read('calls')).split('\n');
        expect([await each.upgrades(), calls.filter((call) => call === 'reboot').length]).toEqual([1, 1]);
      }
    },
  );

  test('a pause from another terminal takes effect after the node in work; resume ends it', async () => {
    await fleet(['n1', 'n2', 'n3']);
    await node(0).set('holds-upgrade');
    const running = start('run');
    await until(async () => (await phases())[0] === 'upgrading');
    expect(await rollout('pause')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('after the nodes in work'),
    });
    await node(0).set('holds-upgrade', { to: false });
    const ended = await running;
    expect([ended.exitCode, ended.stderr]).toEqual([130, expect.stringContaining('the rollout is paused')]);
    expect(await phases()).toEqual(['done', 'waiting', 'waiting']);
    expect((await rollout('status')).stdout).toMatch(/under way \(paused, no process/);
    // Only resume ends a pause.
    expect([(await rollout('run')).status, await node(1).upgrades()]).toEqual([130, 0]);
    expect([(await rollout('resume')).status, await phases()]).toEqual([0, ['done', 'done', 'done']]);
  });

  test('Ctrl-C leaves a rollout that continues', async () => {
    await fleet(['n1']);
    await node(0).set('holds-reboot');
    const running = start('run');
    await until(async () => (await phases())[0] === 'rebooting');
    running.kill('SIGINT');
    expect((await running).exitCode).toBe(130);
    await node(0).set('holds-reboot', { to: false });
    expect([(await rollout('run')).status, await node(0).upgrades()]).toEqual([0, 1]);
  });

  test('only one process runs a rollout', async () => {
    await fleet(['n1']);
    await node(0).set('holds-upgrade');
    const running = start('run');
    await until(async () => (await phases())[0] === 'upgrading');
    for (const command of ['run', 'plan'])
      expect(await rollout(command)).toMatchObject({
        status: 2,
        stderr: expect.stringContaining('another process runs'),
      });
    expect((await rollout('status')).stdout).toContain('a process runs it');
    expect(await rollout('resume')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('continues'),
    });
    await node(0).set('holds-upgrade', { to: false });
    expect((await running).exitCode).toBe(0);
    expect(await node(0).upgrades()).toBe(1);
  });

  test('an unknown host key, and a changed one, are refused with the remedy', async () => {
    await fleet(['n1']);
    const known = join(home, 'known_hosts');
    const other = (await readFile(`${key}.pub`, 'utf8')).split(' ')[1] ?? '';
    await writeFile(known, '');
    expect(await rollout('plan')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('NOT REACHED: the SSH host key of 127.0.0.1 is not known'),
    });
    const run = await rollout('run');
    expect([run.status, run.stderr]).toEqual([
      5,
      expect.stringMatching(/n1: the SSH host key .* is not known.*compare the fingerprint/),
    ]);
    await writeFile(known, `[127.0.0.1]:${node(0).port} ssh-ed25519 ${other}\n`);
    const changed = await rollout('resume');
    expect([changed.status, changed.stderr]).toEqual([
      5,
      expect.stringMatching(/has another SSH host key.*ssh-keygen -R/),
    ]);
    expect([await node(0).read('calls'), await readFile(known, 'utf8')]).toEqual([
      '',
      expect.stringContaining(other),
    ]);
  });

  describe('health', () => {
    let server: Server;
    let answer: number;
    let url: string;
    beforeAll(async () => {
      server = createServer((_, response) => response.writeHead(answer).end());
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      url = `http://{address}:${(server.address() as AddressInfo).port}/healthy`;
    });
    afterAll(() => new Promise((resolve) => server.close(resolve)));
    const health = {
      commands: [`test "$(id -u)" = 0 && test -e "$NODE/it's healthy"`],
      get http() {
        return [{ url }, { url, from: 'node' }];
      },
    };

    test('a health that never comes ends the rollout, with every reason', async () => {
      answer = 503;
      await fleet(['n1', 'n2'], { health, limits: { health: 3 } });
      await node(0).set('unhealthy');
      const { status, stderr } = await rollout('run');
      expect(status).toBe(5);
      for (const reason of [
        'not healthy within 3.0 s: doctor services: web.service has failed',
        'healthy"" ended with status 1',
        'from this machine answers 503, not 200',
        'from the node answers 503, not 200',
      ])
        expect(stderr).toContain(reason);
      expect(await phases()).toEqual(['failed', 'waiting']);
    });

    test('a health that comes later is waited for', async () => {
      answer = 503;
      await fleet(['n1'], { health });
      await node(0).set('unhealthy');
      const running = start('run');
      await until(async () => (await phases())[0] === 'proving');
      await node(0).set('unhealthy', { to: false });
      await node(0).set("it's healthy");
      answer = 200;
      expect((await running).exitCode).toBe(0);
    });
  });

  test('a file that has changed since the plan is refused', async () => {
    await fleet(['n1', 'n2']);
    expect((await rollout('plan')).status).toBe(0);
    await rewrite({ waves: [2] });
    expect(await rollout('run')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('nodes or waves have changed'),
    });
    expect((await rollout('plan')).status).toBe(0);
    expect((await rollout('run')).status).toBe(0);
  });

  test('without a plan there is no status', async () => {
    await fleet([]);
    expect(await factory(['rollout', 'status', join(home, 'none.yaml')])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('has no rollout'),
    });
  });
});
