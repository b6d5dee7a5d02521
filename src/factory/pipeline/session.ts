import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { machineArch } from '../../common/contract/architectures.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { EngineChoice } from '../config/schema.ts';
import { createBuildahEngine } from '../engine/buildah.ts';
import { chooseEngine } from '../engine/choose-engine.ts';
import type { ContainerEngine } from '../engine/container-engine.ts';
import { connectDaemon, type DockerDaemon } from '../engine/docker/daemon.ts';
import { dockerEndpoint } from '../engine/docker/endpoint.ts';
import { createDockerEngine } from '../engine/docker.ts';
import { COSIGN_SECRETS } from '../tools/cosign.ts';
import { createRunner, type Runner } from '../tools/runner.ts';
import { cacheDirectory, openWorkspace, type Workspace } from './workspace.ts';

/** The project's own data files, from the sources as from `dist`. */
const HOME = fileURLToPath(new URL('../../..', import.meta.url));
export const TEMPLATES = join(HOME, 'templates');
export const FLAVORS = join(HOME, 'flavors');
export const MODELS = join(HOME, 'models');
/** Where the agents are compiled to. */
export const AGENTS = join(HOME, 'dist');

/** The agent that was compiled for an architecture and a C library. @throws FactoryError `tool` when it was not */
export function compiledAgent(arch: string, libc: 'glibc' | 'musl' = 'glibc'): string {
  const file = join(AGENTS, `kairos-agent-${arch}${libc === 'musl' ? '-musl' : ''}`);
  if (existsSync(file)) return file;
  const name = `${arch}${libc === 'musl' ? '-musl' : ''}`;
  const setup = `./scripts/setup${arch === machineArch() ? '' : ` --arch ${arch}`}`;
  throw new FactoryError('tool', `the agent for ${name} was not built`, {
    remedy: `Run: ${libc === 'musl' ? `./scripts/build-agent ${name}` : setup}`,
  });
}

/** Name and version of this tool, for `/etc/kairos-release` and manifests. */
export function toolVersion(): string {
  const { name, version } = JSON.parse(readFileSync(join(HOME, 'package.json'), 'utf8')) as Record<
    string,
    string
  >;
  return `${name} v${version}`;
}

/** An environment for programs, without what signs: only cosign gets that, from who calls it. */
export function withoutSecrets(
  env: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
): Readonly<Record<string, string | undefined>> {
  const hidden = new Set<string>([...COSIGN_SECRETS, ...names]);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !hidden.has(name)));
}

/** All that a command works with, from its first line to its last. */
export interface Session {
  readonly runner: Runner;
  readonly engine: ContainerEngine;
  /** The Docker daemon, connected to when it is asked for. @throws FactoryError when it cannot be used */
  readonly daemon: () => Promise<DockerDaemon>;
  readonly workspace: Workspace;
  readonly signal: AbortSignal;
  /** Cancels every running tool; the first reason is the one that is told. */
  readonly cancel: (reason: unknown) => void;
}

/** What a session is to be like. */
export interface SessionWish {
  readonly engine?: EngineChoice | undefined;
  /** Names of variables that programs do not inherit. */
  readonly secrets?: readonly string[];
}

/**
 * Runs `body` in a session: a workspace, an engine, and signals that cancel. Whatever way it ends, temporary files,
 * working containers and child processes are gone (docs/decisions/0005-whole-or-not-at-all.md).
 * @throws FactoryError `tool` when there is no such engine; what `body` throws; FactoryError `interrupted` after SIGINT or SIGTERM
 */
export async function withSession<T>(
  body: (session: Session) => Promise<T>,
  { engine: choice = 'auto', secrets = [] }: SessionWish = {},
): Promise<T> {
  const controller = new AbortController();
  const workspace = await openWorkspace(cacheDirectory(process.env));
  const log = (line: string) => appendFileSync(workspace.log, `${new Date().toISOString()} ${line}\n`);
  const parameters = { log, env: withoutSecrets(process.env, secrets) };
  const runner = createRunner({ ...parameters, signal: controller.signal });
  const cleanup = createRunner({ ...parameters, signal: new AbortController().signal });
  await mkdir(workspace.store, { recursive: true, mode: 0o700 });
  const places = { store: workspace.store, work: workspace.work };
  let connection: Promise<DockerDaemon> | undefined;
  const endpoint = () => dockerEndpoint(process.env);
  const daemon = () => {
    connection ??= endpoint().then((found) => connectDaemon(found, { runner, signal: controller.signal }));
    return connection;
  };
  const cancel = (reason: unknown) => {
    if (!controller.signal.aborted) controller.abort(reason);
  };
  const onSignal = (signal: NodeJS.Signals) => {
    cancel(
      new FactoryError('interrupted', `interrupted by ${signal}`, {
        remedy: 'Run the command again to go on.',
      }),
    );
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  // Working containers of a run that was cut off are known to nobody. With another run about, a later sweep has them.
  const sweep = async () => {
    if (engine && (await workspace.alone()))
      await engine.sweep().catch((error: unknown) => log(`sweep: ${error}`));
  };
  let failed = true;
  let engine: ContainerEngine | undefined;
  try {
    engine = await chooseEngine(choice, {
      endpoint,
      daemon,
      docker: (found) => createDockerEngine({ daemon: found, runner, ...places, log }),
      buildah: () => createBuildahEngine({ runner, cleanup, ...places }),
      log,
    });
    log(`engine: ${engine.name} ${JSON.stringify(await engine.describe())}`);
    if (workspace.recovered) await sweep();
    const result = await body({ runner, engine, daemon, workspace, signal: controller.signal, cancel });
    failed = false;
    return result;
  } finally {
    if (failed) await sweep();
    await workspace.close();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}
