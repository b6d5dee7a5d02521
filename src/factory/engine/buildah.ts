import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { z } from 'zod';
import { checkTool } from '../tools/check-tool.ts';
import type { HostTool } from '../tools/host-tool.ts';
import type { Runner } from '../tools/runner.ts';
import { syncFilesystem } from '../tools/sync.ts';
import { unpackStream } from '../tools/tar.ts';
import { UNSHARE } from '../tools/unshare.ts';
import type {
  ContainerEngine,
  ImageBuildOptions,
  ImageFile,
  OpenImage,
  RootShell,
} from './container-engine.ts';

export const BUILDAH: HostTool = {
  name: 'buildah',
  package: 'buildah',
  purpose: 'builds and stores container images without a daemon',
  version: {
    args: ['--version'],
    pattern: /version (\d+(?:\.\d+)*)/,
    range: '>=1.19.0',
    reason: 'it needs 1.19 or newer',
  },
};

/** What `buildah containers --all --json` lists: all containers of the storage. */
const Containers = z.array(z.object({ id: z.string(), builder: z.boolean(), containername: z.string() }));
/** Marks the state of a working container, in all versions of buildah (`containerType` of its sources). */
const STATE_TYPE = 'buildah 0.0.1';

/** The directories and runners of a buildah engine. */
export interface BuildahOptions {
  /** Used for everything but cleanup. */
  readonly runner: Runner;
  /** Used for cleanup: it must outlive a cancelled build. */
  readonly cleanup: Runner;
  /** Directory of the image store; separate, so that the user's own images stay untouched. */
  readonly store: string;
  /** Directory for unpacked contexts. */
  readonly work: string;
  /** Where buildah looks for the user's settings; the user's home when absent. */
  readonly home?: string;
  /** Whether the root of a build that fails is kept until the next sweep, for {@link ContainerEngine.lastRoot}. */
  readonly keepFailed?: boolean | undefined;
}

/** The arguments that select an image store. */
export function storeArguments(store: string): string[] {
  return ['--root', join(store, 'images'), '--runroot', join(store, 'run'), '--storage-driver', 'overlay'];
}

/**
 * Creates the engine for hosts without a container daemon. It needs root, or user 0 of a user namespace (see unshare.ts).
 * Programs of a build run in a chroot with the host's network.
 */
export function createBuildahEngine(options: BuildahOptions): ContainerEngine {
  const { runner, cleanup, store, work, home, keepFailed = false } = options;
  const global = storeArguments(store);
  // buildah fetches nothing from registries, so missing credentials below DOCKER_CONFIG must not matter.
  const env = {
    BUILDAH_ISOLATION: 'chroot',
    STORAGE_OPTS: undefined,
    DOCKER_CONFIG: undefined,
    TMPDIR: work,
    ...(home === undefined ? {} : { HOME: home }),
  };
  const buildah = async (args: readonly string[], by: Runner = runner) =>
    (await by.run(BUILDAH, [...global, ...args], { env })).stdout.trim();

  const ofArch = (arch: string | undefined) => (arch === undefined ? [] : ['--arch', arch]);

  async function has(image: string, by: Runner = runner): Promise<boolean> {
    const args = [...global, 'inspect', '--type', 'image', '--format', '{{.FromImageID}}', image];
    const { exitCode } = await by.run(BUILDAH, args, { env, acceptExit: () => true });
    return exitCode === 0;
  }

  /** Names of working containers that `open` has made. */
  const opened = new Set<string>();
  let lastBuild: string | undefined;

  /** Settles when the previous load has ended. */
  let loading: Promise<unknown> = Promise.resolve();

  /**
   * Loads one image at a time: buildah looks up a pulled image by its name, so two concurrent pulls of archives with the same
   * name could both find the later image.
   */
  function load(file: ImageFile, image: string, arch?: string): Promise<void> {
    const done = loading
      .then(() => loadAlone(file, image, arch))
      // With the lists of images too, which the clean-up has written.
      .then(() => syncFilesystem(runner, store));
    loading = done.catch(() => undefined);
    return done;
  }

  async function loadAlone(file: ImageFile, image: string, arch?: string): Promise<void> {
    const tag = file.kind === 'oci' && file.tag !== undefined ? `:${file.tag}` : '';
    const directory = await mkdtemp(join(work, 'load-'));
    // buildah derives an image name from the path, which must not contain capitals or colons. The random part keeps
    // concurrent runs with the same store apart.
    const name = `load-${randomUUID()}`;
    try {
      await symlink(file.path, join(directory, name));
      const args = [
        ...global,
        'pull',
        '--quiet',
        '--policy',
        'always',
        ...ofArch(arch),
        `${file.kind}:${name}${tag}`,
      ];
      const { stdout } = await runner.run(BUILDAH, args, { env, cwd: directory });
      await buildah(['tag', await withHistory(stdout.trim()), image]);
    } finally {
      await rm(directory, { recursive: true, force: true });
      // Remove the additional name that buildah gave the image.
      const untag = [...global, 'rmi', `localhost/${name}`];
      await cleanup.run(BUILDAH, untag, { env, acceptExit: () => true });
    }
  }

  /**
   * Returns an image that buildah can build on. The history in an image's configuration is optional (OCI image specification,
   * "Image Configuration"), but buildah refuses to commit another layer on an image without it, so such an image is squashed
   * into a single layer.
   */
  async function withHistory(image: string): Promise<string> {
    const layers = '{{range .OCIv1.RootFS.DiffIDs}}x{{end}}';
    const history = '{{range .OCIv1.History}}{{if not .EmptyLayer}}x{{end}}{{end}}';
    const counts = await buildah(['inspect', '--type', 'image', '--format', `${layers} ${history}`, image]);
    const [inImage = '', inHistory = ''] = counts.split(' ');
    if (inImage === inHistory) return image;
    const container = await buildah(['from', '--pull-never', image]);
    try {
      return await buildah(['commit', '--quiet', '--squash', container]);
    } finally {
      await buildah(['rm', container], cleanup);
    }
  }

  async function build(
    context: Readable,
    image: string,
    { onStep, onOutput, useCache, offline, arch }: ImageBuildOptions,
  ): Promise<void> {
    lastBuild = image;
    const directory = await mkdtemp(join(work, 'context-'));
    try {
      await unpackStream(runner, context, directory);
      const flags = ['--layers', '--pull-never', '--no-hosts', `--force-rm=${!keepFailed}`, '--tag', image];
      flags.push(...ofArch(arch));
      if (!useCache) flags.push('--no-cache');
      const args = [...global, 'build', ...flags, '--file', join(directory, 'Containerfile'), directory];
      // With chroot isolation, programs use the host's network regardless of --network.
      const [tool, before] = offline
        ? [UNSHARE, ['--net', '--', await runner.locate(BUILDAH)]]
        : ([BUILDAH, []] as const);
      await runner.run(tool, [...before, ...args], {
        env,
        onLine: (line) => {
          const step = /^STEP \d+\/\d+: (.*)$/.exec(line)?.[1];
          if (step === undefined) onOutput?.(line);
          else onStep(step);
        },
      });
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  async function open(image: string): Promise<OpenImage> {
    const container = await buildah(['from', '--pull-never', image]);
    opened.add(container);
    const remove = () => buildah(['rm', container], cleanup).then(() => undefined);
    try {
      const root = await buildah(['mount', container]);
      return {
        root,
        commit: async (name) => {
          await buildah(['commit', '--quiet', container, name]);
          await syncFilesystem(runner, store);
        },
        [Symbol.asyncDispose]: remove,
      };
    } catch (error) {
      await remove();
      throw error;
    }
  }

  /** The failure has cancelled the programs of this run, so the runner for cleanup is used. */
  async function lastRoot(): Promise<RootShell | undefined> {
    const listed = Containers.parse(JSON.parse(await buildah(['containers', '--json'], cleanup)) ?? []);
    const failed = listed.findLast(({ builder, containername }) => builder && !opened.has(containername));
    const what =
      failed === undefined
        ? 'the image, as it was built'
        : 'the root, as the instruction that failed left it';
    const of = failed === undefined ? lastBuild : undefined;
    if (failed === undefined && (of === undefined || !(await has(of, cleanup)))) return undefined;
    return {
      what,
      open: async () => {
        const container = failed?.id ?? (await buildah(['from', '--pull-never', of ?? ''], cleanup));
        const program = await cleanup.locate(BUILDAH);
        const args = [...global, 'run', '--terminal', container, '--', '/bin/sh'];
        await execa(program, args, { env, stdio: 'inherit', reject: false });
      },
    };
  }

  /**
   * Removes the containers of the storage that have no state of buildah: it was killed between the two. `rm --all` leaves
   * them, and `rm` needs a state to remove one.
   */
  async function removeForeign(): Promise<void> {
    const listed = Containers.parse(
      JSON.parse(await buildah(['containers', '--all', '--json'], cleanup)) ?? [],
    );
    for (const { id } of listed.filter(({ builder }) => !builder)) {
      const home = join(store, 'images', 'overlay-containers', id, 'userdata');
      await mkdir(home, { recursive: true });
      const state = { type: STATE_TYPE, 'container-id': id, 'container-name': id };
      await writeFile(join(home, 'buildah.json'), JSON.stringify(state));
      await buildah(['rm', id], cleanup);
    }
  }

  return {
    name: 'buildah',
    describe: async () => {
      const own: Runner = { ...runner, run: (tool, args, more) => runner.run(tool, args, { ...more, env }) };
      return { buildah: await checkTool(own, BUILDAH) };
    },
    has: (image) => has(image),
    load,
    build,
    open,
    lastRoot,
    // The store is our own, so nothing has to be removed.
    transient: async () => ({ [Symbol.asyncDispose]: async () => undefined }),
    sync: () => syncFilesystem(cleanup, store),
    sweep: async () => {
      await buildah(['rm', '--all'], cleanup);
      await removeForeign();
    },
  };
}
