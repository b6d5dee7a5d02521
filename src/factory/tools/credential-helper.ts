import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

/**
 * Asks a credential helper for the credentials of a server (docker-credential-helpers: the server on standard input, JSON
 * on standard output). The answer is never logged.
 * @param request.server the server that the credentials are for, such as `https://index.docker.io/v1/`
 * @param request.timeout milliseconds after which the helper is killed
 * @returns its exit status and output; a failure of the helper is not an error here
 */
export async function askCredentialHelper(
  runner: Runner,
  program: string,
  request: { readonly server: string; readonly timeout: number },
): Promise<{ readonly status: number; readonly stdout: string }> {
  const { exitCode, stdout } = await runner.run(helper(program), ['get'], {
    input: request.server,
    secret: true,
    timeout: request.timeout,
    acceptExit: () => true,
  });
  return { status: exitCode, stdout };
}

/** Whether a credential helper of that name is installed. */
export async function hasCredentialHelper(runner: Runner, program: string): Promise<boolean> {
  return runner.locate(helper(program)).then(
    () => true,
    () => false,
  );
}

function helper(program: string): HostTool {
  return { name: program, package: 'golang-docker-credential-helpers' };
}
