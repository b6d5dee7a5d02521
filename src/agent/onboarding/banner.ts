import { renderUnicodeCompact } from 'uqr';

/** The facts in the banner of a live system. */
export interface BannerFacts {
  /** Name and version of the system, such as `kairos-core-debian-12 v1.2.3`. */
  readonly system: string;
  readonly addresses: readonly string[];
  /** Mistakes of the configuration that keep the installation from starting. */
  readonly mistakes?: readonly string[];
}

/**
 * Renders the text above the login prompt of a live system: how to proceed, locally and remotely (docs/contract.md 3.4). The
 * QR code contains an SSH URL and fits a console of 80 columns.
 */
export function renderBanner({ system, addresses, mistakes = [] }: BannerFacts): string {
  const [first] = addresses;
  const lines = [`${system}: live system, nothing is installed yet`, ''];
  if (mistakes.length > 0) {
    lines.push('The configuration has mistakes, so that the installation does not start:');
    lines.push(...mistakes.map((mistake) => `  ${mistake}`), '');
  }
  if (first === undefined) lines.push('No network yet. This text changes when the network is up.');
  else {
    lines.push(`Addresses: ${addresses.join(' ')}`, '');
    lines.push(...renderUnicodeCompact(`ssh://kairos@${bracketed(first)}`, { border: 1 }).split('\n'), '');
    lines.push(`From another machine:  ssh kairos@${first}   (password: kairos)`);
  }
  lines.push(
    'At this machine:       log in as kairos, password kairos',
    'Then install:          sudo kairos-agent interactive-install',
    'or from a file:        sudo kairos-agent manual-install FILE --reboot',
    'The installation starts automatically with a configuration that sets "install: {auto: true}", on',
    'the medium, on a volume named CIDATA, or at the URL in kairos.config_url= on the kernel command line.',
    '',
    '',
  );
  return lines.join('\n');
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
