import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { privateVariables } from '../boot/boot-artifact.ts';
import { type Machine, qemuArguments, qemuPath } from '../boot/machine.ts';
import { volumeArguments } from '../boot/user-data-volume.ts';
import { QEMU } from '../tools/qemu.ts';
import type { Runner } from '../tools/runner.ts';
import { openMonitor } from './monitor.ts';
import { openChannel, type ScriptResult } from './proof-channel.ts';
import { PROOF_PORT } from './proof-volume.ts';

/** Lines of the console in the message of a failure. */
const LAST_LINES = 30;

/** Where a proof leaves its evidence, and how long it waits. */
export interface ProofPlace {
  readonly runner: Runner;
  /** The volume with the configuration of the proof. */
  readonly volume: string;
  /** For sockets and the firmware's variables; short, because the path of a socket has at most 108 bytes. */
  readonly scratch: string;
  /** File for the output of the serial console. */
  readonly console: string;
  /** Milliseconds for one boot, or one script. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

/** A machine whose system answers the proof. */
export interface ProofMachine extends AsyncDisposable {
  /** Waits until the system of the next boot answers. @throws FactoryError `verification` when the time is up or QEMU ends */
  readonly booted: (what: string) => Promise<void>;
  /** Runs a shell script as root. @throws as {@link ProofMachine.booted} does */
  readonly run: (script: string) => Promise<ScriptResult>;
  /** Runs a shell script that reboots the machine, and waits for the next boot. */
  readonly reboot: (what: string, script?: string) => Promise<void>;
  /** Writes a picture of the screen to a PNG file. */
  readonly screenshot: (file: string) => Promise<void>;
}

/** Starts a machine with the port of the proof, its console in a file, and a screen. */
export async function startProofMachine(machine: Machine, place: ProofPlace): Promise<ProofMachine> {
  const { runner, scratch, limit, signal, volume } = place;
  const ended = new AbortController();
  const [port, control] = [join(scratch, 'port'), join(scratch, 'monitor')];
  const serial = `file:${qemuPath(place.console)}`;
  const args = qemuArguments(machine, await privateVariables(machine, scratch), serial);
  args.push('-device', 'VGA', '-qmp', `unix:${control},server=on,wait=off`, '-device', 'virtio-serial-pci');
  args.push('-chardev', `socket,id=proof,path=${port},server=on,wait=off`);
  args.push('-device', `virtserialport,chardev=proof,name=${PROOF_PORT}`);
  args.push(...volumeArguments(volume));
  let failure: unknown;
  const run = runner.run(QEMU[machine.arch ?? 'amd64'], args).then(
    () => ended.abort(),
    (error: unknown) => {
      failure = error;
      ended.abort();
    },
  );
  const opening = AbortSignal.any([ended.signal, signal, AbortSignal.timeout(limit)]);
  const channel = await openChannel(port, opening).catch(async () => {
    await run;
    throw failure ?? new FactoryError('BOOT_FAILED', 'QEMU ended before the machine started');
  });
  const monitor = openMonitor(await opened(control));

  /** Waits for something in the machine, with the limit, and explains why it did not happen. */
  async function within<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const timer = AbortSignal.timeout(limit);
    try {
      return await work(AbortSignal.any([timer, ended.signal, signal]));
    } catch (error) {
      if (signal.aborted) throw error;
      if (failure !== undefined) throw failure;
      if (!timer.aborted && !ended.signal.aborted) throw error;
      const why = ended.signal.aborted ? 'the machine ended' : `nothing happened for ${limit / 1000} s`;
      throw new FactoryError('BOOT_FAILED', `${what}: ${why}`, {
        details: await lastLines(place.console),
        remedy: `Read ${place.console}. ${machine.kvm ? 'If virtual machines hang on this host, emulate with --no-kvm.' : 'On a slow host, give more time with --timeout.'}`,
      });
    }
  }
  const booted = (what: string) => within(what, (reason) => channel.booted(reason));
  return {
    booted,
    run: (script) =>
      within(`running ${JSON.stringify(script.slice(0, 60))}`, (reason) => channel.run(script, reason)),
    reboot: async (what, script = 'systemctl reboot 2>/dev/null || reboot') => {
      channel.send(script);
      await booted(what);
    },
    screenshot: (file) => monitor.screenshot(file),
    [Symbol.asyncDispose]: async () => {
      monitor.quit();
      await run;
      channel[Symbol.dispose]();
      monitor[Symbol.dispose]();
    },
  };
}

async function opened(path: string): Promise<Socket> {
  const socket = connect(path);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return socket;
}

async function lastLines(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines = stripVTControlCharacters(text).replaceAll('\r', '').split('\n');
  return lines.filter((line) => line.trim() !== '').slice(-LAST_LINES);
}
