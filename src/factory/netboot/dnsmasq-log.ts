import { basename } from 'node:path';
import { clientTag } from './client-kinds.ts';
import type { NetbootEvent } from './netboot-event.ts';

/** What dnsmasq has said about a request so far. */
interface Pending {
  vendor?: string;
  isIpxe: boolean;
  /** Who asks, if the kind of the firmware is not known yet. */
  mac?: string;
}

/** A file that was sent by TFTP, as dnsmasq logs it: its size is not known here. */
export type LoggedEvent =
  | Exclude<NetbootEvent, { kind: 'transfer' }>
  | { readonly kind: 'sent'; readonly ip: string; readonly file: string; readonly state: 'done' | 'broken' };

/** How many unfinished requests are remembered: each is a few lines. */
const PENDING = 1000;
const MAC = '([0-9a-f]{2}(?::[0-9a-f]{2})+)';
const IP = String.raw`(\d+\.\d+\.\d+\.\d+)`;

const LINE = /^dnsmasq(?:-\w+)?\[\d+\]: (.*)$/;
const CLASS = /^(\d+) (vendor|user) class: (.*)$/;
const PROXY = new RegExp(`^(\\d+) PXE\\(\\S+\\) (?:${IP} )?${MAC} (proxy-ignored|proxy)?`);
const DISCOVER = new RegExp(`^(\\d+) DHCPDISCOVER\\(\\S+\\) (?:${IP} )?${MAC}`);
const ACK = new RegExp(`^\\d+ DHCPACK\\(\\S+\\) ${IP} ${MAC}`);
const SENT = new RegExp(`^(sent|failed sending) (.+) to ${IP}$`);
const MISSING = new RegExp(`^file (.+) not found for ${IP}$`);
const TAGS = /^(\d+) tags: (.*)$/;
const BOOTING = /^(?:PXE|HTTP)Client(?::Arch:(\d{5}))?/;

/**
 * Makes a reader of the lines that dnsmasq logs with `log-dhcp` (2.86 to 2.91).
 * @param codes the values of option 93 that are answered
 * @returns reads a line; `undefined` for one that says nothing about a machine
 */
export function dnsmasqLog(codes: readonly number[]): (line: string) => LoggedEvent | undefined {
  const pending = new Map<string, Pending>();

  function remember(request: string, part: Partial<Pending>): void {
    if (pending.size > PENDING) pending.clear();
    pending.set(request, { isIpxe: false, ...pending.get(request), ...part });
  }

  function asked(request: string, mac: string): LoggedEvent | undefined {
    const { vendor = '', isIpxe = false } = pending.get(request) ?? {};
    pending.delete(request);
    const [booting, code] = BOOTING.exec(vendor) ?? [];
    if (code !== undefined)
      return { kind: 'asked', mac, code: Number(code), isIpxe, isServed: codes.includes(Number(code)) };
    // An iPXE that a BIOS started repeats the vendor class of the last answer, which does not name the kind (iPXE, create_fakedhcpack).
    if (booting !== undefined) remember(request, { isIpxe, mac });
    return undefined;
  }

  /** The line after that of a question. */
  function tagged(request: string, tags: readonly string[]): LoggedEvent | undefined {
    const { mac, isIpxe = false } = pending.get(request) ?? {};
    const code = codes.find((each) => tags.includes(clientTag({ code: each })));
    if (mac === undefined || code === undefined) return undefined;
    pending.delete(request);
    return { kind: 'asked', mac, code, isIpxe, isServed: true };
  }

  return (line) => {
    const text = LINE.exec(line)?.[1] ?? '';
    const [, request = '', which, value = ''] = CLASS.exec(text) ?? [];
    if (which === 'vendor') remember(request, { vendor: value });
    if (which === 'user') remember(request, { isIpxe: value === 'iPXE' });
    const [, of = '', tags] = TAGS.exec(text) ?? [];
    if (tags !== undefined) return tagged(of, tags.split(', '));
    const [, asking = '', , mac = ''] = PROXY.exec(text) ?? DISCOVER.exec(text) ?? [];
    return mac === '' ? ofAddress(text) : asked(asking, mac);
  };
}

/** A line about a machine whose address is known. */
function ofAddress(text: string): LoggedEvent | undefined {
  const [, address = '', owner] = ACK.exec(text) ?? [];
  if (owner !== undefined) return { kind: 'address', mac: owner, ip: address };
  const [, how, path = '', to = ''] = SENT.exec(text) ?? [];
  if (how !== undefined)
    return { kind: 'sent', ip: to, file: basename(path), state: how === 'sent' ? 'done' : 'broken' };
  const [, file = '', by] = MISSING.exec(text) ?? [];
  return by === undefined ? undefined : { kind: 'missing', ip: by, file: basename(file), by: 'TFTP' };
}

/** Whether dnsmasq says that it has all its ports. */
export function isReadyLine(line: string): boolean {
  return /^dnsmasq-tftp\[\d+\]: TFTP root is /.test(line);
}
