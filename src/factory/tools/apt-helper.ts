import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

export const APT_HELPER: HostTool = {
  name: '/usr/lib/apt/apt-helper',
  package: 'apt',
  purpose: 'sees whether the package archive has changed',
};

/** Downloads a file with apt's own client, through the user's proxies. @throws FactoryError `step` when that fails */
export async function aptDownload(runner: Runner, url: string, file: string): Promise<void> {
  await runner.run(APT_HELPER, ['-q', 'download-file', url, file]);
}
