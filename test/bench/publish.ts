/**
 * What pushing, signing and verifying cost, beside the bare tools of the field, in turns and in one run. Prints a table and,
 * with --json, the figures. Nothing here passes or fails.
 */
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { generateKeyPair } from '../support/cosign.ts';
import { PROJECT, TEST_HOME, testBuild } from '../support/factory.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tool } from '../support/tool.ts';
import { median, timed, watched } from './measure.ts';

const PROGRAM = join(PROJECT, 'bin/kairos-factory');
const COSIGN = join(PROJECT, '.tools/bin/cosign');
const ROUNDS = 3;

/** Of each kind of work, seconds of ours and of the bare tools, and the largest resident set of ours in MiB. */
interface Figures {
  readonly ours: number;
  readonly theirs: number;
  readonly memory: number;
}

const home = await mkdtemp(join(TEST_HOME, 'bench-publish-'));
const env = {
  ...{ KAIROS_FACTORY_CACHE: join(home, 'cache'), CI: 'true', HOME: home, COSIGN_PASSWORD: '' },
  PATH: `${join(PROJECT, '.tools/bin')}:${process.env['PATH']}`,
};
try {
  const build = await testBuild();
  const figures = {
    ...(await pushes(build.output, build.artifact('oci'))),
    ...(await signatures(build.output)),
  };
  process.stdout.write(
    process.argv.includes('--json') ? `${JSON.stringify(figures, null, 2)}\n` : table(figures),
  );
} finally {
  await rm(home, { recursive: true, force: true });
}

/** To a registry that has nothing, and to one that has all of it. */
async function pushes(output: string, layout: string): Promise<Record<string, Figures>> {
  const first = { ours: [] as number[], theirs: [] as number[], memory: [] as number[] };
  const second = { ours: [] as number[], theirs: [] as number[], memory: [] as number[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    await using mine = await startRegistry();
    await using theirs = await startRegistry();
    for (const into of [first, second]) {
      const { seconds, memory } = await watched(ours('push', output, '--to', `${mine.host}/team/os:v1`));
      into.ours.push(seconds);
      into.memory.push(memory);
      into.theirs.push(await timed(() => skopeo(layout, theirs)));
    }
  }
  return { 'push / skopeo copy': middle(first), 'push again / skopeo copy again': middle(second) };
}

function skopeo(layout: string, { host }: TestRegistry) {
  const to = `docker://${host}/team/os:v1`;
  return tool('skopeo', 'copy', '--quiet', '--dest-tls-verify=false', `oci:${layout}`, to);
}

/** Every file of a build, signed and verified. */
async function signatures(output: string): Promise<Record<string, Figures>> {
  const key = await generateKeyPair(home, 'release');
  await execa(COSIGN, ['signing-config', 'create', '--out', join(home, 'config.json')], { env });
  const sign = { ours: [] as number[], theirs: [] as number[], memory: [] as number[] };
  const verify = { ours: [] as number[], theirs: [] as number[], memory: [] as number[] };
  for (let round = 0; round < ROUNDS; round += 1) {
    const [mine, theirs] = [join(home, `mine-${round}`), join(home, `theirs-${round}`)];
    for (const place of [mine, theirs]) {
      // A raw disk is above the size from which ours signs a statement, and cosign has no room for it in memory.
      await cp(output, place, {
        recursive: true,
        filter: (path) => !/\.(raw|sigstore\.json|lock)$/.test(path),
      });
    }
    const sums = join(mine, 'SHA256SUMS');
    await tool('sed', '-i', '/\\.raw$/d', sums);
    await cp(sums, join(theirs, 'SHA256SUMS'));
    const files = (await readdir(theirs, { withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map(({ name }) => join(theirs, name));
    const signed = await watched(ours('sign', mine, '--key', key.privateKey));
    sign.ours.push(signed.seconds);
    sign.memory.push(signed.memory);
    sign.theirs.push(
      await timed(async () => {
        const how = ['--signing-config', join(home, 'config.json'), '--yes', '--key', key.privateKey];
        for (const file of files) {
          await execa(COSIGN, ['sign-blob', ...how, '--bundle', `${file}.sigstore.json`, file], { env });
        }
      }),
    );
    const verified = await watched(ours('verify', mine, '--key', key.publicKey));
    verify.ours.push(verified.seconds);
    verify.memory.push(verified.memory);
    verify.theirs.push(
      await timed(async () => {
        const how = ['--key', key.publicKey, '--insecure-ignore-tlog=true'];
        for (const file of files) {
          await execa(COSIGN, ['verify-blob', ...how, '--bundle', `${file}.sigstore.json`, file], { env });
        }
        await tool('env', '-C', theirs, 'sha256sum', '--check', '--quiet', 'SHA256SUMS');
      }),
    );
    for (const place of [mine, theirs]) await rm(place, { recursive: true });
  }
  return {
    'sign a build / cosign sign-blob': middle(sign),
    'verify a build / cosign, sha256sum': middle(verify),
  };
}

function ours(...args: readonly string[]) {
  return execa(PROGRAM, args, { env });
}

function middle(all: { readonly [Name in keyof Figures]: readonly number[] }): Figures {
  return { ours: median(all.ours), theirs: median(all.theirs), memory: Math.max(...all.memory) };
}

function table(figures: Record<string, Figures>): string {
  const lines = Object.entries(figures).map(([what, { ours: mine, theirs, memory }]) => {
    const seconds = `${mine.toFixed(1).padStart(6)} s / ${theirs.toFixed(1).padStart(6)} s`;
    return `${what.padEnd(36)} ${seconds}  ${(mine / theirs).toFixed(2)}  peak ${memory.toFixed(0)} MiB`;
  });
  return `${lines.join('\n')}\n`;
}
