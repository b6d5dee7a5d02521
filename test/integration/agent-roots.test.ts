import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AGENT_LIBC, libcOf } from '../../src/factory/image/context/agent-entries.ts';
import { compiledAgent } from '../../src/factory/pipeline/project-files.ts';
import { alpineRoot } from '../support/alpine-root.ts';
import { TEST_HOME } from '../support/factory.ts';
import { makeTinyRoot } from '../support/tiny-root.ts';
import { tool } from '../support/tool.ts';

let home: string;
beforeAll(async () => {
  await mkdir(TEST_HOME, { recursive: true });
  home = await mkdtemp(join(TEST_HOME, 'agent-roots-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** Roots whose own C library cannot run the agent: none at all, and musl without libstdc++. */
const ROOTS: Readonly<Record<string, () => Promise<string>>> = {
  'static BusyBox and no C library': async () => {
    await makeTinyRoot(home);
    return join(home, 'root');
  },
  'Alpine Linux 3.23': async () => {
    const root = join(home, 'alpine');
    await tool('cp', '-a', await alpineRoot(), root);
    return root;
  },
};

/** The runtime finds its program through /proc, which is mounted in image builds, the initramfs and nodes. */
const INSIDE =
  'mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && root=$1 && shift && exec chroot "$root" "$@"';

describe.each(Object.entries(ROOTS))('the agent on a root with %s', (_, make) => {
  let root: string;
  beforeAll(async () => {
    root = await make();
    const agent = compiledAgent('amd64');
    await cp(agent, join(root, 'usr/bin/kairos-agent'));
    await mkdir(join(root, 'usr/lib/kairos'), { recursive: true });
    await cp(libcOf(agent), join(root, AGENT_LIBC), { recursive: true });
    await mkdir(join(root, 'oem'));
  });
  const agent = (...args: readonly string[]) =>
    tool('unshare', '--mount', 'sh', '-c', INSIDE, 'sh', root, '/usr/bin/kairos-agent', ...args);

  test('starts, with its own libraries only', async () => {
    expect(await agent('version')).toMatch(/^v\d/);
    const libraries = await tool('chroot', root, `${AGENT_LIBC}/ld.so`, '--list', '/usr/bin/kairos-agent');
    const places = [...libraries.matchAll(/=> (\S+)\//g)].map(([, directory]) => directory);
    expect(new Set(places)).toEqual(new Set([AGENT_LIBC]));
  });

  test('reads the state, and runs the steps of a stage', async () => {
    expect(await agent('state', 'get', 'kairos.init')).toMatch(/openrc|unknown/);
    await writeFile(
      join(root, 'oem/90.yaml'),
      'stages:\n  boot:\n    - files: [{ path: /written, content: "yes", permissions: 0600 }]\n      commands: [echo ran >/ran]\n',
    );
    await agent('run-stage', '--override-cloud-init-paths', '/oem', '--strict', 'boot');
    expect(await tool('chroot', root, '/bin/cat', '/written', '/ran')).toBe('yesran');
  });
});
