/**
 * What the agent costs: its size, its start, its memory, and the time that its stages add to a boot. Prints a table and,
 * with --json, the figures. Nothing here passes or fails.
 */
import { cp, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { AGENT_LIBC, libcOf } from '../../src/factory/image/context/agent-entries.ts';
import { OVERLAY, PROJECT, TEST_HOME, testBuild } from '../support/factory.ts';
import { startGuest } from '../vm/guest.ts';
import { median, timed } from './measure.ts';

const AGENT = join(PROJECT, 'dist/kairos-agent-amd64');
const MIB = 1024 ** 2;
/** Prints the peak memory in KiB and the milliseconds of 20 starts in a root. GNU time is not everywhere. */
const MEASURE = `
import os, resource, subprocess, sys, time
os.chroot(sys.argv[1])
os.chdir("/")
times = []
for run in range(20):
    start = time.monotonic()
    subprocess.run(["/kairos-agent", "version"], stdout=subprocess.PIPE, check=True)
    times.append(str((time.monotonic() - start) * 1000))
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, *times)
`;
/** Boots are compared in turns, because what else the machine does changes with time. */
const BOOTS = 3;

const home = await mkdtemp(join(TEST_HOME, 'bench-agent-'));
try {
  const figures = { ...(await size()), ...(await start()), ...(await boots()) };
  process.stdout.write(
    process.argv.includes('--json') ? `${JSON.stringify(figures, null, 2)}\n` : report(figures),
  );
} finally {
  await rm(home, { recursive: true, force: true });
}

type Figures = Record<string, number>;

async function size(): Promise<Figures> {
  const packed = join(home, 'agent.zst');
  await execa('zstd', ['-q', '-19', '-T0', AGENT, '-o', packed]);
  return { raw: (await stat(AGENT)).size / MIB, compressed: (await stat(packed)).size / MIB };
}

async function start(): Promise<Figures> {
  // The agent looks for its C library in a root of its own.
  const root = join(home, 'root');
  await mkdir(join(root, 'proc'), { recursive: true });
  await cp(libcOf(AGENT), join(root, AGENT_LIBC), { recursive: true });
  await cp(AGENT, join(root, 'kairos-agent'));
  const measure = 'mount -t proc proc "$1/proc" && exec python3 -c "$0" "$1"';
  const { stdout } = await execa('unshare', ['--mount', 'sh', '-c', measure, MEASURE, root]);
  const [memory = Number.NaN, ...times] = stdout.split(' ').map(Number);
  return { start: median(times), memory: memory / 1024 };
}

/** Seconds from the start of the machine to the prompt, with the stages and with an agent that does nothing. */
async function boots(): Promise<Figures> {
  const overlay = join(home, 'overlay/usr/bin');
  await mkdir(overlay, { recursive: true });
  await writeFile(join(overlay, 'kairos-agent'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  await cp(OVERLAY, join(home, 'overlay'), { recursive: true });
  const withStages = await testBuild();
  const without = await testBuild('bookworm', [
    ...['--artifact', 'qcow2', '--overlay-rootfs', join(home, 'overlay'), '--output', join(home, 'without')],
  ]);
  const times: Record<'on' | 'off', number[]> = { on: [], off: [] };
  for (let run = 0; run < BOOTS; run += 1) {
    times.off.push(await bootTime(without.artifact('qcow2')));
    times.on.push(await bootTime(withStages.artifact('qcow2')));
  }
  return { bootOff: median(times.off), bootOn: median(times.on) };
}

async function bootTime(artifact: string): Promise<number> {
  await using guest = await startGuest({ artifact, attachment: 'disk', firmware: 'bios' });
  return await timed(() => guest.login());
}

function report(figures: Figures): string {
  const of = (name: string, digits = 1) => (figures[name] ?? Number.NaN).toFixed(digits);
  const ratio = (figures['bootOn'] ?? Number.NaN) / (figures['bootOff'] ?? Number.NaN);
  return [
    `agent, raw:                             ${of('raw')} MiB`,
    `agent, zstd 19:                         ${of('compressed')} MiB (goal: at most 45)`,
    `kairos-agent version:                   ${of('start')} ms (goal: under 50)`,
    `its peak memory:                        ${of('memory')} MiB`,
    `boot to prompt, stages off:             ${of('bootOff')} s`,
    `boot to prompt, stages on:              ${of('bootOn')} s`,
    `on / off:                               ${ratio.toFixed(2)} (goal: at most 1.15)`,
    '',
  ].join('\n');
}
