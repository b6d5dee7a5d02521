import { FactoryError } from '../../../common/errors/factory-error.ts';
import { addressProblem, type BuilderSpec, type BuildkitSpec } from '../../config/buildkit.ts';
import { type BuildkitConnection, listWorkers } from '../../tools/buildctl.ts';
import type { Runner } from '../../tools/runner.ts';
import { connectionError, notBuildkit } from './buildkit-error.ts';

/** A BuildKit daemon that answers. */
export interface BuildkitBuilder extends BuildkitConnection {
  /** The architecture that it is for; absent for whatever it can build. */
  readonly arch: string | undefined;
  /** The platforms that its workers run programs of, their own first: `linux/amd64`. */
  readonly platforms: readonly string[];
  readonly version: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The daemons of a configuration, or that of `BUILDKIT_HOST`. Does not connect.
 * @throws FactoryError `usage` when none is named, or the variable is malformed
 */
export function namedBuilders(
  { builders, tls, 'server-name': serverName }: BuildkitSpec,
  env: Environment,
): readonly (BuilderSpec & BuildkitConnection & { readonly place: string })[] {
  const host = env['BUILDKIT_HOST'];
  const named = builders.length > 0 ? builders : host ? [{ address: host }] : [];
  const remedy =
    'Set --builder or BUILDKIT_HOST, such as tcp://HOST:1234 or unix:///run/buildkit/buildkitd.sock.';
  if (named.length === 0)
    throw new FactoryError('BUILDKIT_CONFIG_INVALID', 'no BuildKit daemon is named', { remedy });
  const problem = builders.length > 0 ? undefined : addressProblem(host ?? '');
  if (problem !== undefined)
    throw new FactoryError('BUILDKIT_CONFIG_INVALID', `BUILDKIT_HOST: ${problem}`, { remedy });
  const origin = builders.length > 0 ? '' : ' (set by BUILDKIT_HOST)';
  return named.map((builder) => ({
    ...builder,
    // The other schemes have their own ways to authenticate.
    ...(builder.address.startsWith('tcp://') ? { tls, serverName } : {}),
    place: `${builder.address}${origin}`,
  }));
}

/**
 * Connects to all daemons of a configuration.
 * @throws FactoryError `tool` when one does not answer, `verification` when its certificate is not trusted, `usage` as
 * documented at `namedBuilders`
 */
export async function connectBuilders(
  settings: BuildkitSpec,
  { runner, env }: { readonly runner: Runner; readonly env: Environment },
): Promise<readonly BuildkitBuilder[]> {
  const connections = namedBuilders(settings, env).map(async ({ place, ...builder }) => {
    const workers = await listWorkers(runner, builder).catch((error: unknown) => {
      throw connectionError({ place, tls: builder.tls }, error);
    });
    if (workers === undefined) throw notBuildkit(place);
    const platforms = workers.flatMap((worker) =>
      worker.platforms.map(({ os, architecture }) => `${os}/${architecture}`),
    );
    const version = workers[0]?.buildkitVersion?.version ?? 'unknown';
    return { ...builder, arch: builder.arch, platforms: [...new Set(platforms)], version };
  });
  return Promise.all(connections);
}

/**
 * Chooses the daemon for an architecture: the one that is named for it; else one that is named for none and runs its
 * programs, preferably without an emulator.
 * @throws FactoryError `tool` when there is none; it lists what each can build
 */
export function chooseBuilder(builders: readonly BuildkitBuilder[], arch: string): BuildkitBuilder {
  const platform = `linux/${arch}`;
  const runs = ({ platforms }: BuildkitBuilder) => platforms.includes(platform);
  const own = builders.filter((builder) => builder.arch === arch);
  const open = builders.filter((builder) => builder.arch === undefined);
  const found =
    own.length > 0
      ? own.find(runs)
      : (open.find(({ platforms }) => platforms[0] === platform) ?? open.find(runs));
  if (found !== undefined) return found;
  throw new FactoryError('BUILDER_MISSING', `no BuildKit daemon can build for ${arch}`, {
    details: builders.map(describeBuilder),
    remedy: `Name one that lists ${platform}: --builder ${arch}=ADDRESS; or register an emulator on its machine.`,
  });
}

function describeBuilder({ address, arch, platforms }: BuildkitBuilder): string {
  const only = arch === undefined ? '' : `, used for ${arch} only`;
  return `${address}: ${platforms.join(', ') || 'no platform'}${only}`;
}
