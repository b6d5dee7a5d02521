import type { OpenImage } from '../../../../../src/factory/engine/container-engine.ts';
import type { BuildEnvironment } from '../../../../../src/factory/pipeline/build-environment.ts';
import { FLAVORS, MODELS, TEMPLATES } from '../../../../../src/factory/pipeline/project-files.ts';
import { realRunner } from '../../artifacts/support/runner.ts';

const unexpected = (what: string) => async (): Promise<never> => {
  throw new Error(`${what} is not part of this test`);
};

/** A directory as an opened image. */
export function openDirectory(root: string): OpenImage {
  return { root, commit: unexpected('committing'), [Symbol.asyncDispose]: async () => undefined };
}

/** A build environment without any access outside the test, except for the given parts. */
export function testEnvironment(change: Partial<BuildEnvironment> = {}): BuildEnvironment {
  return {
    engine: testEngine(),
    daemon: unexpected('the daemon'),
    runner: realRunner(),
    images: { pin: unexpected('a registry'), fetch: unexpected('a registry'), pins: () => [] },
    locked: false,
    offline: false,
    templates: TEMPLATES,
    flavors: FLAVORS,
    models: MODELS,
    tool: 'kairos-factory 0.0.0',
    agent: () => '/nowhere/agent',
    agents: '/nowhere',
    variables: {},
    digests: '/nowhere/digests',
    downloads: '/nowhere/downloads',
    owner: { identity: '1-1', isAlive: async () => false },
    fetch: unexpected('the network'),
    work: '/nowhere/work',
    partial: (name) => name,
    useCache: true,
    epoch: undefined,
    ...change,
  };
}

/** An engine with only the given functions. */
export function testEngine(change: Partial<BuildEnvironment['engine']> = {}): BuildEnvironment['engine'] {
  return {
    name: 'none',
    describe: unexpected('the engine'),
    has: unexpected('the engine'),
    load: unexpected('the engine'),
    transient: unexpected('the engine'),
    build: unexpected('the engine'),
    open: unexpected('the engine'),
    sync: unexpected('the engine'),
    sweep: unexpected('the engine'),
    ...change,
  };
}
