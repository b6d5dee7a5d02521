import { appendFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { execa } from 'execa';
import { privateVariables } from '../../src/factory/boot/boot-artifact.ts';
import { type Machine, qemuArguments } from '../../src/factory/boot/machine.ts';
import { testQemu } from './qemu.ts';

/** The shell prompt of the automatically logged-in root of test images. */
const PROMPT = /root@[\w-]+:~# /;
/** A file that receives what the consoles print, to look at while a test runs. */
const CONSOLE_FILE = process.env['KAIROS_FACTORY_TEST_CONSOLE'];
const BOOT_TIMEOUT = 600_000;
/** On two cores that had much other work, a machine of arm64 had no prompt after 600 s. */
const BOOT_TIMEOUT_ARM64 = 1_500_000;
const COMMAND_TIMEOUT = 240_000;

/** A running virtual machine that is driven over its serial console. */
export interface Guest extends AsyncDisposable {
  /** All that the console has printed. */
  readonly console: () => string;
  /** Waits until the console prints something new that matches. */
  readonly waitFor: (pattern: RegExp, timeout?: number) => Promise<void>;
  /** Waits for the prompt of a root shell. */
  readonly login: () => Promise<void>;
  /** Types text, without waiting. */
  readonly type: (text: string) => void;
  /** Runs a command in the shell; gives what it printed. */
  readonly run: (command: string, timeout?: number) => Promise<string>;
  /** Runs a command as {@link Guest.run} does, and gives its exit status with what it printed. */
  readonly attempt: (
    command: string,
    timeout?: number,
  ) => Promise<{ readonly status: number; readonly output: string }>;
  /** Restarts the system and waits for the prompt. */
  readonly reboot: () => Promise<void>;
  /** Waits for the boot menu of a machine that restarts by itself, and then for the prompt. */
  readonly rebooted: () => Promise<void>;
}

/** Starts a machine under software emulation; `extra` are further arguments for QEMU. */
export async function startGuest(
  machine: Pick<Machine, 'artifact' | 'arch' | 'attachment' | 'firmware' | 'target'> & {
    readonly snapshot?: boolean;
  },
  extra: readonly string[] = [],
): Promise<Guest> {
  const scratch = await mkdtemp(join(tmpdir(), 'kairos-factory-vm-'));
  // One processor: emulated ones that wait for each other hang now and then where they share those of a busy machine.
  const full: Machine = { memory: 2048, cores: 1, snapshot: true, kvm: false, ...machine };
  const args = [...qemuArguments(full, await privateVariables(full, scratch)), ...extra];
  const qemu = testQemu(full.arch);
  const child = execa(qemu.program, [...qemu.arguments, ...args], {
    env: qemu.env,
    reject: false,
    buffer: false,
    stdin: 'pipe',
    cleanup: true,
  });
  let text = '';
  let seen = 0;
  const listeners = new Set<() => void>();
  const take = (chunk: Buffer) => {
    text += chunk.toString('utf8');
    if (CONSOLE_FILE) appendFileSync(CONSOLE_FILE, chunk);
    for (const listener of listeners) listener();
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  let ended = false;
  const end = child.then(() => {
    ended = true;
    for (const listener of listeners) listener();
  });

  // Terminal control sequences would stand between the words that tests look for.
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
    // The marks are broken up in what is typed, so that the echo of the line does not match.
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
  const login = async () => {
    await waitFor(PROMPT, bootTimeout);
    // Later kernel messages would interrupt the output of commands.
    // Commands of the tests do not belong in the shell's history.
    await run('dmesg --console-off; set +H');
  };
  const rebooted = async () => {
    // The menu of the next boot, not a prompt left over from this one.
    await waitFor(/GRUB|Linux version|Booting/, bootTimeout);
    await login();
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
