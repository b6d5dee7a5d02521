import type { Plugin } from '../plugin.ts';

/** Where resolvers look (resolv.conf(5)). */
const RESOLV_CONF = '/etc/resolv.conf';

/**
 * `dns`: name servers, search list and options in the form of resolv.conf(5). A link at `path`, such as
 * the one to the stub of systemd-resolved, gives way to the file.
 */
export const dnsPlugin: Plugin<'dns'> = {
  key: 'dns',
  run: async ({ host }, { nameservers = [], search = [], options = [], path = RESOLV_CONF }) => {
    const lines = [
      ...(search.length > 0 ? [`search ${search.join(' ')}`] : []),
      ...nameservers.map((server) => `nameserver ${server}`),
      ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
    ];
    await host.write(path, lines.map((line) => `${line}\n`).join(''));
  },
};
