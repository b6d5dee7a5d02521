import { printableFileName } from '../../common/files/file-name.ts';
import { formatDuration } from '../../common/text/duration-text.ts';
import { formatSize } from '../../common/text/size-text.ts';
import { type Stage, WAITS } from './boot-stages.ts';
import { clientName } from './client-kinds.ts';
import type { NetbootEvent } from './netboot-event.ts';

/** Milliseconds between two lines about one transfer, and without a byte after which it counts as stopped. */
const PROGRESS = 5000;
const SILENCE = 20_000;
/** A transfer of so many bytes has a line at its beginning, too. */
const LARGE = 1024 * 1024;
/** Firmware repeats its question; within this time it is one line. */
const REPEATS = 60_000;
/** How many machines are remembered: anybody in the network can invent one. */
const MACHINES = 1000;
const NAME_LENGTH = 200;

type Transfer = Extract<NetbootEvent, { kind: 'transfer' }>;

interface Machine {
  ip?: string;
  mac?: string;
  /** DHCP option 93. */
  code?: number;
  stage?: Stage;
  /** What it has got last, for messages. */
  got: string;
  /** When that was. */
  since: number;
  /** Whether a line has said that it stopped. */
  isStopped: boolean;
  readonly transfers: Map<
    number,
    { last: Transfer; began: number; shown: number; moved: number; isStopped: boolean }
  >;
}

/** Follows machines, and says in lines what they do and where they stop. */
export interface MachineLog {
  /** @returns lines about the event */
  readonly take: (event: NetbootEvent, now: number) => string[];
  /** To be called each second. @returns lines about what did not happen, and about transfers that go on */
  readonly look: (now: number) => string[];
  /** A line for each machine: how far it has come. */
  readonly summary: () => string[];
}

/**
 * Makes a log of machines.
 * @param options.hasConfig whether systems load a cloud-config at last
 * @param options.macOf the hardware address of a neighbour
 */
export function machineLog(options: {
  readonly hasConfig: boolean;
  readonly macOf: (ip: string) => string | undefined;
}): MachineLog {
  const machines = new Map<string, Machine>();
  const lastStage: Stage = options.hasConfig ? 'config' : 'root';
  const isAtEnd = (stage: Stage | undefined) => stage === lastStage || stage === 'config';

  function machineOf(id: string, now: number): Machine {
    const known = machines.get(id);
    if (known) return known;
    const [oldest] = machines.keys();
    if (machines.size >= MACHINES && oldest !== undefined) machines.delete(oldest);
    const machine: Machine = { got: '', since: now, isStopped: false, transfers: new Map() };
    machines.set(id, machine);
    return machine;
  }

  function byAddress(ip: string, now: number): Machine {
    const mac = options.macOf(ip);
    const known = [...machines.values()].filter((machine) => machine.ip === ip);
    const machine = mac === undefined && known[0] ? known[0] : machineOf(mac ?? ip, now);
    // The address may have belonged to another one.
    for (const other of known) if (other !== machine) delete other.ip;
    Object.assign(machine, { ip }, mac === undefined ? {} : { mac });
    return machine;
  }

  function reach(machine: Machine, stage: Stage, now: number): void {
    Object.assign(machine, { stage, since: now, isStopped: false });
  }

  function asked(
    { mac, code, isIpxe, isServed }: Extract<NetbootEvent, { kind: 'asked' }>,
    now: number,
  ): string[] {
    const machine = machineOf(mac, now);
    const stage = isIpxe ? 'ipxe' : 'asked';
    const isRepeated = machine.stage === stage && now - machine.since < REPEATS;
    machine.mac = mac;
    // iPXE after UEFI HTTP boot names itself as ordinary firmware.
    if (!isIpxe || machine.code === undefined) machine.code = code;
    if (isRepeated) return [];
    reach(machine, stage, now);
    machine.got = isIpxe ? 'the address of its script' : 'the address of iPXE';
    if (!isServed) {
      Object.assign(machine, { isStopped: true, got: 'nothing' });
      return [said(machine, `stopped: ${clientName(code)} is not served, because there is no system for it`)];
    }
    const what = isIpxe ? 'iPXE asks for its script' : `asks for a boot program: ${clientName(code)}`;
    return [said(machine, what)];
  }

  function transfer(event: Transfer, now: number): string[] {
    const owner = [...machines.values()].find(({ transfers }) => transfers.has(event.transfer));
    const machine = owner ?? byAddress(event.ip, now);
    const running = machine.transfers.get(event.transfer);
    if (event.state !== 'running') return ended(machine, event, now);
    if (running !== undefined) {
      const lines = running.isStopped ? [said(machine, `continues with ${event.file}`)] : [];
      Object.assign(running, { last: event, moved: now, isStopped: false });
      return lines;
    }
    const began = { last: event, began: now, shown: now, moved: now, isStopped: false };
    machine.transfers.set(event.transfer, began);
    machine.isStopped = false;
    if (event.of < LARGE) return [];
    return [said(machine, `loads ${event.file}: ${formatSize(event.of)} by ${event.by}`)];
  }

  function ended(machine: Machine, event: Transfer, now: number): string[] {
    const { file, role, state, sent, of, by, isPart } = event;
    const began = machine.transfers.get(event.transfer)?.began;
    machine.transfers.delete(event.transfer);
    if (state === 'broken') {
      machine.since = now;
      return [said(machine, `broke off ${file} after ${formatSize(sent)} of ${formatSize(of)}`)];
    }
    if (isPart) return [said(machine, `has a part of ${file}: ${formatSize(of)}`)];
    // The agent of a live system looks for changes every few seconds.
    if (role === 'config' && machine.stage === role) return [];
    const isEnd = isAtEnd(role) && !isAtEnd(machine.stage);
    machine.got = file;
    reach(machine, role, now);
    const seconds = began === undefined ? 0 : (now - began) / 1000;
    const rate = seconds < 1 ? '' : ` in ${formatDuration(seconds)}, ${formatSize(of / seconds)}/s`;
    const lines = [said(machine, `has ${file}: ${formatSize(of)} by ${by}${rate}`)];
    return isEnd ? [...lines, said(machine, 'has all files, and starts')] : lines;
  }

  function take(event: NetbootEvent, now: number): string[] {
    if (event.kind === 'asked') return asked(event, now);
    if (event.kind === 'transfer') return transfer(event, now);
    if (event.kind === 'missing') {
      const name = printableFileName(event.file.slice(0, NAME_LENGTH));
      return [said(byAddress(event.ip, now), `asks for "${name}" by ${event.by}, which does not exist`)];
    }
    machineOf(event.mac, now).ip = event.ip;
    return [];
  }

  function look(now: number): string[] {
    return [...machines.values()].flatMap((machine) => {
      const lines = [...machine.transfers.values()].flatMap((running) => {
        const { file, sent, of } = running.last;
        const amount = `${formatSize(sent)} of ${formatSize(of)}`;
        if (!running.isStopped && now - running.moved > SILENCE) {
          running.isStopped = true;
          const silent = formatDuration((now - running.moved) / 1000);
          return [said(machine, `stopped: it has ${amount} of ${file}, and has taken nothing for ${silent}`)];
        }
        if (sent === 0 || now - running.shown < PROGRESS || running.moved <= running.shown) return [];
        running.shown = now;
        return [said(machine, `loads ${file}: ${amount}, ${Math.floor((sent / of) * 100)} %`)];
      });
      return [...lines, ...stopped(machine, now)];
    });
  }

  /** Only of machines that have asked for a boot program: others, such as browsers, end where they like. */
  function stopped(machine: Machine, now: number): string[] {
    const { stage, code } = machine;
    const wait = stage === undefined || isAtEnd(stage) ? undefined : WAITS[stage];
    const seconds = (now - machine.since) / 1000;
    const isWaiting = wait !== undefined && code !== undefined && machine.transfers.size === 0;
    if (!isWaiting || machine.isStopped || seconds < wait.seconds) return [];
    machine.isStopped = true;
    const text = `stopped: it got ${machine.got} ${formatDuration(seconds)} ago and has not ${wait.next}`;
    return [said(machine, `${text}. ${wait.hint}`)];
  }

  function summary(): string[] {
    return [...machines.values()]
      .filter(({ stage }) => stage !== undefined)
      .map((machine) => {
        const kind = machine.code === undefined ? '' : ` (${clientName(machine.code)})`;
        return said(
          machine,
          isAtEnd(machine.stage) ? `had all files${kind}` : `got as far as ${machine.got}${kind}`,
        );
      });
  }

  return { take, look, summary };
}

function said({ mac, ip }: Machine, text: string): string {
  return `${[mac, ip].filter(Boolean).join(' ')}  ${text}`;
}
