import { mkdir, readFile } from 'node:fs/promises';
import { httpPort } from '../../../common/http/http-port.ts';
import { createNodeFetch } from '../../../common/http/node-fetch.ts';
import type { RegistryHost } from '../../../common/oci/registry/registry-host.ts';
import { askCredentialHelper, hasCredentialHelper } from '../../tools/credential-helper.ts';
import type { Runner } from '../../tools/runner.ts';

/** What the factory's side of the port is made of. */
export interface RegistryHostOptions {
  readonly runner: Runner;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Certificates of authorities to trust besides the usual ones, as PEM. */
  readonly ca?: string | undefined;
  /** Told what goes wrong and is tried again, or is passed over. */
  readonly warn: (text: string) => void;
}

/** The machine that the factory runs on, as reading registries needs it. */
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
