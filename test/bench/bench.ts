/**
 * Compares our wall time with the same tools called by hand, and with a chain like AuroraBoot's, in one run.
 * Prints a table and, with --json, the figures. Nothing here passes or fails: machines differ, ratios matter.
 */

import { cp, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { PROJECT, TEST_HOME } from '../support/factory.ts';
import { timed, watched } from './measure.ts';

const PROGRAM = join(PROJECT, 'bin/kairos-factory');
const FLAVOR = ['--flavor', 'debian', '--kernel', 'cloud'];

interface Measurement {
  readonly what: string;
  readonly seconds: number;
  /** Largest resident set of our own process, in MiB. */
  readonly memory?: number;
}

const home = await mkdtemp(join(TEST_HOME, 'bench-'));
const results: Measurement[] = [];
try {
  await measureAll();
} finally {
  await execa('rm', ['-rf', home]);
}
process.stdout.write(process.argv.includes('--json') ? `${JSON.stringify(results, null, 2)}\n` : report());

async function measureAll(): Promise<void> {
  const base = join(home, 'base.tar');
  await execa('mmdebstrap', ['--quiet', '--variant=minbase', '--include=ca-certificates', 'bookworm', base]);
  // Both sides read it, and the package archive, from memory and not from the disk or the network for the first time.
  await ours('warm-up', ['--base', base, '--artifact', 'squashfs'], 'warm');

  await ours('ours: ISO alone, cold', ['--base', base, '--artifact', 'iso'], 'iso');
  await ours(
    'ours: squashfs, ISO, raw, qcow2, cold',
    ['--base', base, '--artifact', 'squashfs,iso,raw,qcow2'],
    'all',
  );
  await byHand(base);
  await ours('ours: unchanged rebuild', ['--base', base, '--artifact', 'squashfs,iso,raw,qcow2'], 'all');
  const config = join(home, 'config.yaml');
  await writeFile(config, '#cloud-config\nhostname: bench\n');
  await ours(
    'ours: changed cloud-config, ISO',
    ['--base', base, '--artifact', 'iso', '--cloud-config', config],
    'iso',
  );
  await auroraLike();
}

/** Runs our program; `place` names cache and output, so that an unused one is cold. */
async function ours(what: string, args: readonly string[], place: string): Promise<void> {
  const env = { KAIROS_FACTORY_CACHE: join(home, `${place}-cache`), CI: 'true' };
  const child = execa(PROGRAM, ['build', ...FLAVOR, ...args, '--output', join(home, `${place}-out`)], {
    env,
  });
  const { seconds, memory } = await watched(child);
  if (what !== 'warm-up') results.push({ what, seconds, memory });
}

/** The same steps with the bare tools, in the order in which a careful person would write them into a shell script. */
async function byHand(base: string): Promise<void> {
  const work = join(home, 'hand');
  const tree = join(work, 'context');
  await mkdir(work);
  await execa(
    PROGRAM,
    ['build', ...FLAVOR, '--base', base, '--artifact', 'squashfs', '--output', join(work, 'out')],
    {
      env: { KAIROS_FACTORY_CACHE: join(home, 'warm-cache') },
    },
  );
  // The context of our own build: what is installed and run inside the image is the same on both sides.
  await writeContext(tree);
  const script = join(PROJECT, 'test/bench/by-hand.sh');
  const seconds = await timed(() => execa('sh', [script, base, tree, work]));
  results.push({ what: 'the same tools by hand', seconds });
}

async function writeContext(tree: string): Promise<void> {
  const { benchContext } = await import('./context.ts');
  await mkdir(tree);
  await benchContext(tree);
}

/** AuroraBoot's steps for an ISO: unpack the image, squash it with 1 MiB blocks and the default gzip, write the ISO. */
async function auroraLike(): Promise<void> {
  const layout = join(home, 'os');
  await ours('warm-up', ['--artifact', 'oci,iso', '--base', join(home, 'base.tar')], 'iso');
  const name = 'kairos-debian-12-core-amd64-generic-v0.0.0';
  await cp(join(home, 'iso-out', `${name}.oci`), layout, { recursive: true });
  const env = { KAIROS_FACTORY_CACHE: join(home, 'aurora-cache'), CI: 'true' };
  const output = join(home, 'aurora-ours');
  const args = ['artifacts', '--image', `oci:${layout}`, '--artifact', 'iso', '--output', output];
  const mine = await timed(() => execa(PROGRAM, args, { env }));
  results.push({ what: 'ours: ISO from a ready image, cold', seconds: mine });
  const work = join(home, 'aurora');
  await mkdir(work);
  const theirs = await timed(() => execa('sh', [join(PROJECT, 'test/bench/aurora-like.sh'), layout, work]));
  results.push({ what: 'a chain like AuroraBoot: unpack, gzip squashfs, ISO', seconds: theirs });
  const sizes = await Promise.all(
    [join(output, `${name}.iso`), join(work, 'out.iso')].map((file) => stat(file)),
  );
  process.stderr.write(`sizes of the ISOs: ours ${sizes[0]?.size}, theirs ${sizes[1]?.size} bytes\n`);
  await rm(work, { recursive: true, force: true });
}

function report(): string {
  const of = (what: string) => results.find((result) => result.what.startsWith(what))?.seconds ?? Number.NaN;
  const ratio = (a: string, b: string) => (of(a) / of(b)).toFixed(2);
  return [
    ...results.map(({ what, seconds, memory }) => {
      const peak = memory === undefined ? '' : `  peak ${memory.toFixed(0)} MiB`;
      return `${what.padEnd(55)} ${seconds.toFixed(1).padStart(7)} s${peak}`;
    }),
    `all artifacts, ours / by hand:          ${ratio('ours: squashfs', 'the same tools')} (goal: at most 1.15)`,
    `all artifacts / ISO alone:              ${ratio('ours: squashfs', 'ours: ISO alone')} (goal: at most 1.6)`,
    `like AuroraBoot / ours, ready image:    ${ratio('a chain like', 'ours: ISO from')} (goal: at least 5)`,
    '',
  ].join('\n');
}
