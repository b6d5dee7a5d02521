/** The hardware address of a neighbour in the network. @param table text of /proc/net/arp (proc(5)) */
export function hardwareAddress(table: string, ip: string): string | undefined {
  const row = table.split('\n').find((line) => line.startsWith(`${ip} `));
  const mac = row?.split(/\s+/)[3]?.toLowerCase();
  return mac === undefined || mac === '00:00:00:00:00:00' ? undefined : mac;
}

/** Whether a program of this machine has a UDP port. @param table text of /proc/net/udp */
export function isUdpPortUsed(table: string, port: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return table.split('\n').some((line) => new RegExp(`^\\s*\\d+: [0-9A-F]{8}:${hex} `).test(line));
}

/** The interfaces of this machine, or of its network namespace. @param table text of /proc/net/dev */
export function interfaceNames(table: string): string[] {
  return [...table.matchAll(/^\s*(\S+):\s/gm)].map(([, name = '']) => name);
}
