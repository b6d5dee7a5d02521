import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

export const ARCH_TEST: HostTool = {
  name: 'arch-test',
  package: 'arch-test',
  purpose: 'tests whether programs of another architecture run',
};

/**
 * Whether this machine runs programs of an architecture inside another root, as an image build does. arch-test(1) tries
 * one; an emulator that the kernel would have to find inside that root fails the test.
 * @param directory an empty directory to use as the root; changing into it requires root, or user 0 of a user namespace
 */
export async function runsPrograms(runner: Runner, arch: string, directory: string): Promise<boolean> {
  const args = ['--chroot', directory, arch];
  const { exitCode } = await runner.run(ARCH_TEST, args, { acceptExit: () => true });
  return exitCode === 0;
}
