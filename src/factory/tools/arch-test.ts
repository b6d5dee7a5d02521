import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

export const ARCH_TEST: HostTool = { name: 'arch-test', package: 'arch-test' };

/**
 * Whether this machine runs programs of an architecture inside another root, as those of an image build: tried, with a
 * program of that architecture (arch-test(1)). An emulator that the kernel would have to find in that root fails it.
 * @param directory an empty directory, which is the root; changing into it wants root, or user 0 of a user namespace
 */
export async function runsPrograms(runner: Runner, arch: string, directory: string): Promise<boolean> {
  const args = ['--chroot', directory, arch];
  const { exitCode } = await runner.run(ARCH_TEST, args, { acceptExit: () => true });
  return exitCode === 0;
}
