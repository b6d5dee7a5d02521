import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

/**
 * Asks a credential helper for what opens a server (docker-credential-helpers: the server on standard input, JSON on
 * standard output). Nothing of its answer is logged.
 * @param timeout milliseconds after which it is killed
 */
export async function askCredentialHelper(
  runner: Runner,
  program: string,
  server: string,
  timeout: number,
): Promise<{ readonly status: number; readonly stdout: string }> {
  const { exitCode, stdout } = await runner.run(helper(program), ['get'], {
    input: server,
    secret: true,
    timeout,
    acceptExit: () => true,
  });
  return { status: exitCode, stdout };
}

/** Whether there is such a helper. */
export async function hasCredentialHelper(runner: Runner, program: string): Promise<boolean> {
  return runner.locate(helper(program)).then(
    () => true,
    () => false,
  );
}

function helper(program: string): HostTool {
  return { name: program, package: 'golang-docker-credential-helpers' };
}
