import type { HostTool } from './host-tool.ts';

export const SSH: HostTool = {
  name: 'ssh',
  package: 'openssh-client',
  versionFlag: '-V',
  purpose: 'reaches a Docker daemon on another machine, and a system that boot has started',
};
