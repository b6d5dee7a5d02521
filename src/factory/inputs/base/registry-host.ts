import { mkdir, readFile } from 'node:fs/promises';
import { httpPort } from '../../../common/http/http-port.ts';
import { createNodeFetch } from '../../../common/http/node-fetch.ts';
import type { RegistryHost } from '../../../common/oci/registry/registry-host.ts';
import { askCredentialHelper, hasCredentialHelper } from '../../tools/credential-helper.ts';
import type { Runner } from '../../tools/runner.ts';

/** Options for {@link createRegistryHost}. */
export interface RegistryHostOptions {
  readonly runner: Runner;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Additional CA certificates to trust, in PEM format. */
  readonly ca?: string | undefined;
  /** Receives a message for each problem after which a request is retried or skipped. */
  readonly warn: (text: string) => void;
}

/** Creates the host functions that the registry client needs, for the machine that the factory runs on. */
export function createRegistryHost({ runner, env, ca, warn }: RegistryHostOptions): RegistryHost {
  return {
    ...httpPort(createNodeFetch({ ca, env }), warn),
    run: (program, _, { input, timeout }) => askCredentialHelper(runner, program, { server: input, timeout }),
    has: (program) => hasCredentialHelper(runner, program),
    readText: (path) =>
      readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
        throw error;
      }),
    makeDirectory: async (path, mode) => void (await mkdir(path, { recursive: true, mode })),
    resolve: (path) => path,
    env,
  };
}
