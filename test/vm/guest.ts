import { appendFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { execa } from 'execa';
import { privateVariables } from '../../src/factory/boot/boot-artifact.ts';
import { type Machine, qemuArguments } from '../../src/factory/boot/machine.ts';
import { PLAIN_CPU, testQemu } from './qemu.ts';

/** The shell prompt of the automatically logged-in root of test images. */
const PROMPT = /root@[\w-]+:~# /;
/** A file that receives the console output, for inspection while a test runs. */
const CONSOLE_FILE = process.env['KAIROS_FACTORY_TEST_CONSOLE'];
/** GRUB prints this once below its menu. */
const MENU = 'Press enter to boot the selected OS';
const BOOT_TIMEOUT = 600_000;
/** On two busy cores, an arm64 machine did not reach its prompt within 600 s. */
const BOOT_TIMEOUT_ARM64 = 1_500_000;
const COMMAND_TIMEOUT = 240_000;

/** A running virtual machine that is driven over its serial console. */
export interface Guest extends AsyncDisposable {
  /** The console output so far. */
  readonly console: () => string;
  /** Waits until the console prints something new that matches. */
  readonly waitFor: (pattern: RegExp, timeout?: number) => Promise<void>;
  /** Waits for the prompt of a root shell. @param within milliseconds */
  readonly login: (within?: number) => Promise<void>;
  /** Types text, without waiting. */
  readonly type: (text: string) => void;
  /** Runs a command in the shell and returns its output. */
  readonly run: (command: string, timeout?: number) => Promise<string>;
  /** Runs a command as {@link Guest.run} does, and returns its exit status and its output. */
  readonly attempt: (
    command: string,
    timeout?: number,
  ) => Promise<{ readonly status: number; readonly output: string }>;
  /** Reboots the system and waits for the prompt. */
  readonly reboot: () => Promise<void>;
  /** Waits for the boot menu of a machine that reboots on its own, and then for the prompt. @param within milliseconds for each */
  readonly rebooted: (within?: number) => Promise<void>;
}

/**
 * Starts a machine under software emulation; `extra` are additional arguments for QEMU. In a boot menu it presses Enter,
 * unless `waitsInMenu` is set: ten seconds of each boot would pass there.
 */
export async function startGuest(
  machine: Pick<Machine, 'artifact' | 'arch' | 'attachment' | 'firmware' | 'target' | 'forwards'> & {
    readonly snapshot?: boolean;
    readonly waitsInMenu?: boolean;
    /** Arguments for devices that firmware and kernel find before those of the machine. */
    readonly before?: readonly string[];
    /** Words before a command that runs where the machine is, such as in a network. */
    readonly enter?: readonly string[];
  },
  extra: readonly string[] = [],
): Promise<Guest> {
  const scratch = await mkdtemp(join(tmpdir(), 'kairos-factory-vm-'));
  // One processor: several emulated ones that wait for each other sometimes hang on a busy host.
  const { waitsInMenu = false, before = [], enter = [], ...rest } = machine;
  const full: Machine = { memory: 2048, cores: 1, snapshot: true, kvm: false, ...rest };
  const cpu = full.arch === 'arm64' ? [] : PLAIN_CPU;
  const args = [...before, ...qemuArguments(full, await privateVariables(full, scratch)), ...cpu, ...extra];
  const qemu = testQemu(full.arch);
  const [program = '', ...words] = [...enter, qemu.program, ...qemu.arguments, ...args];
  const child = execa(program, words, {
    env: qemu.env,
    reject: false,
    buffer: false,
    stdin: 'pipe',
    cleanup: true,
  });
  let text = '';
  let seen = 0;
  let menu = -1;
  const listeners = new Set<() => void>();
  const take = (chunk: Buffer) => {
    text += chunk.toString('utf8');
    if (CONSOLE_FILE) appendFileSync(CONSOLE_FILE, chunk);
    const shown = waitsInMenu ? -1 : text.lastIndexOf(MENU);
    if (shown > menu) child.stdin.write('\n');
    menu = shown;
    for (const listener of listeners) listener();
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  let ended = false;
  const end = child.then(() => {
    ended = true;
    for (const listener of listeners) listener();
  });

  // Terminal control sequences would separate the words that tests look for.
  const plain = () => stripVTControlCharacters(text).replaceAll('\r', '');
  const waitFor = (pattern: RegExp, timeout = COMMAND_TIMEOUT) =>
    new Promise<void>((resolve, reject) => {
      const finish = (error?: Error) => {
        clearTimeout(timer);
        listeners.delete(look);
        error ? reject(error) : resolve();
      };
      const look = () => {
        const fresh = plain().slice(seen);
        const match = pattern.exec(fresh);
        if (match) {
          seen += match.index + match[0].length;
          finish();
        } else if (ended) finish(new Error(`the machine ended before ${pattern}:\n${plain().slice(-4000)}`));
      };
      const timer = setTimeout(
        () => finish(new Error(`no ${pattern} within ${timeout / 1000} s:\n${plain().slice(-4000)}`)),
        timeout,
      );
      listeners.add(look);
      look();
    });
  const type = (input: string) => void child.stdin.write(input);
  let count = 0;
  const run = async (command: string, timeout = COMMAND_TIMEOUT) => {
    count += 1;
    const [open, close] = [`<<${count}:`, `:${count}>>`];
    // The marks are split in the typed text, so that the echo of the line does not match.
    type(`printf '<%s%s' '<' '${count}:'; { ${command}; } 2>&1; printf ':%s' '${count}>>'; echo\n`);
    await waitFor(new RegExp(`:${count}>>`), timeout);
    const all = plain();
    const from = all.lastIndexOf(open) + open.length;
    await waitFor(PROMPT);
    return all.slice(from, all.lastIndexOf(close)).replaceAll('\r', '').trim();
  };
  const attempt = async (command: string, timeout?: number) => {
    const text = await run(`${command}; echo "status=$?"`, timeout);
    const match = /status=(\d+)$/.exec(text);
    return { status: Number(match?.[1]), output: text.slice(0, match?.index).trim() };
  };
  const bootTimeout = full.arch === 'arm64' ? BOOT_TIMEOUT_ARM64 : BOOT_TIMEOUT;
  const login = async (within = bootTimeout) => {
    await waitFor(PROMPT, within);
    // Later kernel messages would interrupt the output of commands.
    // A "!" in the commands of tests must not expand to an earlier command, and a pager would wait for a key.
    await run('dmesg --console-off; set +H; export PAGER=cat SYSTEMD_PAGER=cat');
  };
  const rebooted = async (within = bootTimeout) => {
    // Wait for the menu of the next boot, not for a prompt of the current one.
    await waitFor(/GRUB|Linux version|Booting/, within);
    await login(within);
  };
  return {
    console: plain,
    waitFor,
    login,
    type,
    run,
    attempt,
    reboot: async () => {
      type('systemctl reboot\n');
      await rebooted();
    },
    rebooted,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await end;
      await rm(scratch, { recursive: true, force: true });
    },
  };
}
