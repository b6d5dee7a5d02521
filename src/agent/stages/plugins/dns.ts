import type { Plugin } from '../plugin.ts';

/** The configuration of resolvers (resolv.conf(5)). */
const RESOLV_CONF = '/etc/resolv.conf';

/**
 * `dns`: writes name servers, search list and options to resolv.conf(5), or to `path`. The file replaces a link, such as the
 * one to the stub of systemd-resolved.
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
