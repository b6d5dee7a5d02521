import { z } from 'zod';
import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

/** BuildKit's client. Debian 12 has no package of it. */
export const BUILDCTL: HostTool = {
  name: 'buildctl',
  package: 'buildkit',
  purpose: 'builds images on BuildKit daemons',
  install:
    'Install buildctl from a release of BuildKit 0.14 or newer (https://github.com/moby/buildkit), or use --engine buildah.',
};

/** A daemon, and how to connect to it. */
export interface BuildkitConnection {
  readonly address: string;
  /** Directory with the certificates; absent for a connection without TLS. */
  readonly tls?: string | undefined;
  /** The name in the daemon's certificate; by default the host of the address. */
  readonly serverName?: string | undefined;
}

/** What is used of the output of `buildctl debug workers`; OCI platforms (image-spec, "Image Index"). */
const Workers = z.array(
  z.object({
    platforms: z.array(
      z.object({ os: z.string(), architecture: z.string(), variant: z.string().optional() }),
    ),
    buildkitVersion: z.object({ version: z.string() }).nullish(),
  }),
);
/** The workers of a daemon: the platforms that each runs programs of, its own first. */
export type BuildkitWorkers = z.infer<typeof Workers>;

/** Milliseconds that a daemon has for its first answer: `kubectl exec` takes seconds. */
const FIRST_ANSWER = 20_000;

/**
 * Asks a daemon for its workers.
 * @returns `undefined` when the answer is not that of a BuildKit daemon
 * @throws FactoryError `tool` when buildctl is missing, `step` with its last lines when the daemon does not answer
 */
export async function listWorkers(
  runner: Runner,
  connection: BuildkitConnection,
): Promise<BuildkitWorkers | undefined> {
  const args = [...connectionArguments(connection), 'debug', 'workers', '--format', '{{json .}}'];
  const { stdout } = await runner.run(BUILDCTL, args, { timeout: FIRST_ANSWER });
  try {
    return Workers.parse(JSON.parse(stdout));
  } catch {
    return undefined;
  }
}

/** A build of a Containerfile. */
export interface Solve {
  /** Directory of the context, with the Containerfile. */
  readonly context: string;
  /** Directory that receives the result as an OCI layout. Blobs that it has already are not sent. */
  readonly output: string;
  /** OCI layouts that the Containerfile starts or copies from, by the names that it has for them. */
  readonly images: ReadonlyMap<string, { readonly directory: string; readonly digest: string }>;
  /** `linux/ARCH`. */
  readonly platform: string;
  /** How layers of the result are compressed. */
  readonly compression: string;
  readonly useCache: boolean;
  /** Whether programs of the build run without a network. */
  readonly offline: boolean;
  /** Caches in registries, as buildctl takes them. */
  readonly cacheTo: readonly string[];
  readonly cacheFrom: readonly string[];
}

/**
 * Builds a Containerfile with the frontend that is part of BuildKit, so that nothing is fetched for it.
 * @param onLine receives each line of `--progress=rawjson`, and those of buildctl itself
 * @throws FactoryError `step` without details when the build fails
 */
export async function solve(
  runner: Runner,
  connection: BuildkitConnection,
  { build, onLine }: { readonly build: Solve; readonly onLine: (line: string) => void },
): Promise<void> {
  const args = [...connectionArguments(connection), ...solveArguments(build)];
  // The lines are JSON: whoever follows them logs what they say.
  await runner.run(BUILDCTL, args, { secret: true, discard: true, onLine });
}

/** The arguments of {@link solve}, after those of the connection. */
export function solveArguments(build: Solve): string[] {
  const { context, output, images, platform, compression, useCache, offline, cacheTo, cacheFrom } = build;
  const options = [
    'filename=Containerfile',
    `platform=${platform}`,
    // A "# syntax" line would fetch another frontend. With this set, it has been obeyed already.
    'cmdline=',
    ...(offline ? ['force-network-mode=none'] : []),
  ];
  const layouts = [...images].flatMap(([name, { directory, digest }], index) => [
    '--oci-layout',
    `image${index}=${directory}`,
    '--opt',
    `context:${name}=oci-layout://image${index}@${digest}`,
  ]);
  return [
    'build',
    '--progress=rawjson',
    '--frontend=dockerfile.v0',
    ...['--local', `context=${context}`, '--local', `dockerfile=${context}`],
    ...options.flatMap((option) => ['--opt', option]),
    ...layouts,
    ...(useCache ? [] : ['--no-cache']),
    ...cacheTo.flatMap((entry) => ['--export-cache', entry]),
    ...cacheFrom.flatMap((entry) => ['--import-cache', entry]),
    ...['--output', `type=oci,tar=false,${compression},"dest=${output.replaceAll('"', '""')}"`],
  ];
}

function connectionArguments({ address, tls, serverName }: BuildkitConnection): string[] {
  return [
    ...['--addr', address],
    ...(tls === undefined ? [] : ['--tlsdir', tls]),
    ...(serverName === undefined ? [] : ['--tlsservername', serverName]),
  ];
}
