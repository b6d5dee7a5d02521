import type { BootState } from '../../common/contract/boot-state.ts';
import type { SlotSystem } from '../deploy/slot-origin.ts';
import type { LastUpgrade, UpgradeOutcome } from './last-upgrade.ts';
import type { NodeSummary } from './node-summary.ts';
import { SLOTS, type SlotReport } from './read-slots.ts';

const SYSTEMS: Readonly<Record<BootState, string>> = {
  active_boot: 'the active system',
  passive_boot: 'the passive system',
  recovery_boot: 'the recovery system',
  livecd_boot: 'the live system',
  autoreset_boot: 'the recovery system, resetting the node',
  unknown: 'a system that this agent did not install',
};
/** What a person needs to do about the outcome of an upgrade. */
const OUTCOMES: Readonly<Record<UpgradeOutcome, string>> = {
  booted: 'the new system has booted',
  'pending reboot': 'PENDING: reboot to start the new system',
  booting: 'the first boot of the new system is not complete yet',
  'fell back': 'FELL BACK: the new system did not boot; see "kairos-agent doctor" and "kairos-agent logs"',
  'not known': 'the outcome is not known',
};
/** Hexadecimal digits of a digest that are shown; "state summary --json" prints all. */
const DIGITS = 12;
const WIDTH = 10;

/** Renders the summary of a node for people, a few lines long. */
export function renderSummary({ boot, running, slots, problem = 'none', upgrade }: NodeSummary): string {
  const lines = [
    row('running', `${running.version ?? 'unknown version'}, ${SYSTEMS[boot]}${nameOf(running)}`),
  ];
  if (slots === undefined) lines.push(row('slots', problem));
  else for (const slot of SLOTS) lines.push(row(slot, describe(slots[slot])));
  if (upgrade === null) lines.push(row('upgrade', 'none since the installation or the last reset'));
  else if (upgrade) lines.push(row('upgrade', describeUpgrade(upgrade)), row('', OUTCOMES[upgrade.outcome]));
  return lines.map((line) => `${line}\n`).join('');
}

function row(name: string, text: string): string {
  return `${name.padEnd(WIDTH)}${text}`.trimEnd();
}

function nameOf({ name }: SlotSystem): string {
  return name === undefined ? '' : ` (${name})`;
}

function describe(slot: SlotReport): string {
  if ('problem' in slot) return slot.problem;
  const { version = 'unknown version', origin } = slot;
  if (origin === undefined) return `${version}  digest not known`;
  const digest = origin.digest === undefined ? 'no digest' : shortDigest(origin.digest);
  return `${version}  ${digest}  ${origin.by} of ${minute(origin.written)} from ${withoutDigest(origin.source)}`;
}

function describeUpgrade({ when, from, to, source }: LastUpgrade): string {
  const versions = [from && `from ${from}`, to && `to ${to}`].filter(Boolean).join(' ');
  const place = source === undefined ? '' : `, source ${withoutDigest(source)}`;
  return `${minute(when)}, ${versions}${place}`;
}

function shortDigest(digest: string): string {
  return digest.replace(/:(.*)$/, (_, hex: string) => `:${hex.slice(0, DIGITS)}`);
}

function withoutDigest(source: string): string {
  return source.replace(/@sha\d+:[0-9a-f]+$/, '');
}

function minute(time: string): string {
  return time.replace(/^(.{10})T(.{5}):.*$/, '$1 $2 UTC');
}
