import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

const APT_HELPER: HostTool = { name: '/usr/lib/apt/apt-helper', package: 'apt' };

/** Downloads a file the way apt does, with the person's proxies. */
export async function aptDownload(runner: Runner, url: string, file: string): Promise<void> {
  await runner.run(APT_HELPER, ['-q', 'download-file', url, file]);
}
