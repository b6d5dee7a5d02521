import { renderUnicodeCompact } from 'uqr';

/** What the console of a live system tells. */
export interface BannerFacts {
  /** Name and version of the system, such as `kairos-core-debian-12 v1.2.3`. */
  readonly system: string;
  readonly addresses: readonly string[];
}

/**
 * The text above the login of a live system: how to go on, here and from elsewhere (docs/contract.md 3.4). The code
 * leads to SSH; it fits a console of 80 columns.
 */
export function renderBanner({ system, addresses }: BannerFacts): string {
  const [first] = addresses;
  const lines = [`${system}: live system, nothing is installed yet`, ''];
  if (first === undefined) lines.push('No network yet. This page changes when there is one.');
  else {
    lines.push(`Addresses: ${addresses.join(' ')}`, '');
    lines.push(...renderUnicodeCompact(`ssh://kairos@${bracketed(first)}`, { border: 1 }).split('\n'), '');
    lines.push(`From another machine:  ssh kairos@${first}   (password: kairos)`);
  }
  lines.push(
    'At this machine:       log in as kairos, password kairos',
    'Then install:          sudo kairos-agent interactive-install',
    'or, by a file:         sudo kairos-agent manual-install FILE --reboot',
    'It installs by itself with a configuration that says "install: {auto: true}", on the medium,',
    'on a volume named CIDATA, or at the address that kairos.config_url= on the kernel command line gives.',
    '',
    '',
  );
  return lines.join('\n');
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
