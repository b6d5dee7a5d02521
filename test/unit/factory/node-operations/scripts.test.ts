import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { REBOOT_SCRIPT } from '../../../../src/factory/node-operations/reboot-script.ts';
import { judgeReport, parseReport } from '../../../../src/factory/node-operations/report.ts';
import {
  upgradePreflightScript,
  upgradeScript,
} from '../../../../src/factory/node-operations/upgrade-script.ts';
import { bootId, NEW, OLD, PINNED } from './fake-cluster.ts';

/** The shells that such pods have: Debian's, and that of BusyBox where it is there. */
const SHELLS = [['sh'], ['busybox', 'sh']].filter(
  ([name = '']) => spawnSync(name, ['-c', 'true']).error === undefined,
);

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'kairos-scripts-'));
  for (const name of ['bin', 'host/etc', 'host/run/cos', 'host/usr/lib/kairos', 'image/etc'])
    mkdirSync(join(home, name), { recursive: true });
});
afterEach(() => rmSync(home, { recursive: true }));

const write = (name: string, text: string) => writeFileSync(join(home, name), text);
const read = (name: string) => readFileSync(join(home, name), 'utf8');

/** A stand-in for a program of the node, which a test cannot reboot. */
function program(name: string, body: string): void {
  write(`bin/${name}`, `#!/bin/sh\necho "${name} $*" >>"${home}/calls"\n${body}\n`);
  chmodSync(join(home, 'bin', name), 0o755);
}

function run(shell: readonly string[], script: string) {
  const [name = 'sh', ...args] = shell;
  write('log', '');
  const result = spawnSync(name, [...args, '-c', script], {
    encoding: 'utf8',
    env: {
      PATH: `${join(home, 'bin')}:${process.env['PATH']}`,
      HOST_DIR: join(home, 'host'),
      IMAGE_ROOT: join(home, 'image'),
      NODEOP_NOTE: 'op-node-1',
      TERMINATION_LOG: join(home, 'log'),
      BOOT_ID: join(home, 'boot_id'),
    },
  });
  return { status: result.status, log: read('log'), stderr: result.stderr };
}

const calls = () => (existsSync(join(home, 'calls')) ? read('calls').trim().split('\n') : []);
const summaryOf = (digest: string, slot = 'active') =>
  JSON.stringify(
    {
      boot: `${slot}_boot`,
      running: { version: 'v2', origin: { digest } },
      slots: { active: { origin: { digest: NEW } } },
      upgrade: { outcome: slot === 'active' ? 'booted' : 'fell back', from: 'v1', to: 'v2' },
    },
    null,
    2,
  );

test.each(SHELLS)('the pod reboots once, and then reports (%s)', (...shell) => {
  program('nsenter', 'shift 4; [ "$1" != -- ] || shift; exec "$@"');
  program('reboot', '');
  program('sleep', '');
  program('systemctl', 'echo running');
  program('kairos-agent', `cat <<'EOT'\n${summaryOf(NEW)}\nEOT`);
  write('boot_id', `${bootId(1)}\n`);
  write('host/etc/kairos-release', 'KAIROS_VERSION="v2"\n');
  write('host/run/cos/active_mode', '1');
  const first = run(shell, REBOOT_SCRIPT);
  expect([first.status, first.log]).toEqual([1, '']);
  expect(calls()).toContain('reboot ');
  expect(read('host/usr/local/.kairos/op-node-1.boot')).toBe(`${bootId(1)}\n`);

  write('boot_id', `${bootId(2)}\n`);
  write('host/usr/local/.kairos/op-node-1.done', 'evidence=yes\nversion=v2\n');
  write('calls', '');
  const second = run(shell, REBOOT_SCRIPT);
  expect(second.status).toBe(0);
  expect(calls()).not.toContain('reboot ');
  expect(second.log.length).toBeLessThan(4096);
  const report = parseReport(second.log);
  expect(report).toMatchObject({
    ...{ before: bootId(1), bootId: bootId(2), slot: 'active', version: 'v2', expected: 'v2' },
    ...{ withEvidence: true, observation: { running: { slot: 'active', digest: NEW } } },
  });
  expect(report && judgeReport(report, [NEW])).toEqual({ kind: 'check health' });
});

test.each(SHELLS)('a node without such an agent reports slot and version (%s)', (...shell) => {
  program('nsenter', 'shift 4; [ "$1" != -- ] || shift; exec "$@"');
  program('systemctl', 'exit 1');
  program('kairos-agent', 'exit 1');
  mkdirSync(join(home, 'host/usr/local/.kairos'), { recursive: true });
  write('host/usr/local/.kairos/op-node-1.boot', `${bootId(1)}\n`);
  write('host/usr/local/.kairos/op-node-1.done', 'evidence=no\nversion=v2\n');
  write('boot_id', `${bootId(2)}\n`);
  write('host/etc/kairos-release', 'KAIROS_VERSION=v2\n');
  write('host/run/cos/active_mode', '1');
  const judged = () => {
    const report = parseReport(run(shell, REBOOT_SCRIPT).log);
    return report && judgeReport(report, [NEW]);
  };
  expect(judged()).toEqual({ kind: 'check health' });
  write('host/etc/kairos-release', "KAIROS_VERSION='v1'\n");
  expect(judged()).toMatchObject({ kind: 'fail', reason: expect.stringMatching(/it runs v1 .* not v2/) });
  rmSync(join(home, 'host/run/cos/active_mode'));
  write('host/run/cos/passive_mode', '1');
  expect(judged()).toMatchObject({
    kind: 'fail',
    reason: expect.stringMatching(/^it fell back; it runs v1/),
  });
});

test.each(SHELLS)('the preflight judges by digest and slot, else by version (%s)', (...shell) => {
  const look = () => run(shell, upgradePreflightScript([NEW, `sha256:${'c'.repeat(64)}`]));
  const origin = (digest: string) =>
    write(
      'host/usr/lib/kairos/origin.json',
      `${JSON.stringify({ by: 'upgrade', replaced: { version: 'v0', digest: NEW }, digest }, null, 2)}\n`,
    );
  write('image/etc/kairos-release', 'KAIROS_VERSION="v2"\nKAIROS_SOFTWARE_VERSION="v1.34.1"\n');
  write('host/etc/kairos-release', 'KAIROS_VERSION="v2"\nKAIROS_SOFTWARE_VERSION="v1.33.1"\n');
  write('host/run/cos/active_mode', '1');
  expect(look()).toMatchObject({ status: 0, log: '' });
  write('host/etc/kairos-release', 'KAIROS_VERSION="v2"\nKAIROS_SOFTWARE_VERSION="v1.34.1"\n');
  expect(look().log).toBe('node is already at v2-v1.34.1\n');
  // Built anew with the same version: upstream would skip it.
  origin(OLD);
  expect(look()).toMatchObject({ status: 0, log: '' });
  origin(NEW);
  expect(look().log).toBe(`node runs ${NEW} already\n`);
  rmSync(join(home, 'host/run/cos/active_mode'));
  expect(look()).toMatchObject({ status: 0, log: '' });
});

test('versions that nobody knows are not the same', () => {
  expect(run(['sh'], upgradePreflightScript([NEW]))).toMatchObject({ status: 0, log: '' });
});

test.each(SHELLS)('the upgrade is written once (%s)', (...shell) => {
  const spec = { upgradeActive: true, upgradeRecovery: true, debug: true, excludePaths: ["/it's"] };
  program('mount', '');
  program('kairos-agent', 'exit 0');
  const script = upgradeScript(spec, PINNED);
  expect(run(shell, script)).toMatchObject({ status: 0 });
  const excluded = "--exclude-path /etc/hostname --exclude-path /etc/hosts --exclude-path /it's";
  expect(calls().filter((call) => call.includes('dir:/'))).toEqual([
    `kairos-agent --debug upgrade --recovery --source dir:/ ${excluded}`,
    `kairos-agent --debug upgrade --source dir:/ ${excluded}`,
  ]);
  expect(read('host/usr/local/.kairos/op-node-1.done')).toMatch(/^evidence=no\nversion=/);
  write('calls', '');
  expect(run(shell, script)).toMatchObject({ status: 0 });
  expect(calls()).toEqual(['']);
});

test('an upgrade that fails is not noted', () => {
  program('mount', '');
  program('kairos-agent', '[ "$2" = --help ] || exit 5');
  const spec = { upgradeActive: true, upgradeRecovery: false, debug: false };
  expect(run(['sh'], upgradeScript(spec, PINNED)).status).toBe(5);
  expect(existsSync(join(home, 'host/usr/local/.kairos/op-node-1.done'))).toBe(false);
});
