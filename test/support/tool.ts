import { execa } from 'execa';

/** Runs a host tool. @returns its stdout @throws when it fails */
export async function tool(name: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execa(name, args, {
    env: { LC_ALL: 'C', PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
  });
  return stdout;
}
