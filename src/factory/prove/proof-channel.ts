import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** Longer output is cut by the scripts of the proof; a system that sends more is broken or hostile. */
const LARGEST_LINE = 16 * 1024 * 1024;
const RETRY = 100;

/** The status of a script whose system restarted before it ended. */
export const RESTARTED = -1;

/** The result of a script in the machine. */
export interface ScriptResult {
  readonly status: number;
  /** Standard output and standard error. */
  readonly output: string;
}

/** The connection to the system in a machine. */
export interface ProofChannel extends Disposable {
  /** Waits for the next boot whose system answers. @throws the reason of the signal */
  readonly booted: (signal: AbortSignal) => Promise<void>;
  /** Runs a shell script as root. The status is {@link RESTARTED} if the system restarts meanwhile. @throws the reason of the signal */
  readonly run: (script: string, signal: AbortSignal) => Promise<ScriptResult>;
  /** Sends a shell script that ends the connection, such as a reboot. */
  readonly send: (script: string) => void;
}

/** Connects to the socket that QEMU makes for the port. @throws the reason of the signal, when it does not appear in time */
export async function openChannel(socket: string, signal: AbortSignal): Promise<ProofChannel> {
  const connection = await connected(socket, signal);
  const waiting = new Set<(words: readonly string[]) => void>();
  let boots = 0;
  let size = 0;
  connection.on('data', (chunk: Buffer) => {
    size = chunk.includes('\n') ? 0 : size + chunk.length;
    if (size > LARGEST_LINE) connection.destroy();
  });
  connection.on('error', () => undefined);
  const lines = createInterface({ input: connection });
  // It reports the errors of the connection again.
  lines.on('error', () => undefined);
  lines.on('line', (line) => {
    const words = line.split(' ');
    if (words[0] === 'boot') boots += 1;
    for (const each of waiting) each(words);
  });
  let seen = 0;
  let count = 0;

  /** Waits for the message that `pick` recognises. */
  function message<T>(pick: (words: readonly string[]) => T | undefined, signal: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const end = () => {
        waiting.delete(look);
        signal.removeEventListener('abort', fail);
      };
      const fail = () => {
        end();
        reject(signal.reason);
      };
      const look = (words: readonly string[]) => {
        const found = pick(words);
        if (found === undefined) return;
        end();
        resolve(found);
      };
      if (signal.aborted) return fail();
      signal.addEventListener('abort', fail, { once: true });
      waiting.add(look);
      look([]);
    });
  }

  const send = (script: string) => {
    count += 1;
    connection.write(`${count} ${Buffer.from(script).toString('base64')}\n`);
    return String(count);
  };
  return {
    booted: async (reason) => {
      await message(() => (boots > seen ? true : undefined), reason);
      seen = boots;
    },
    run: (script, reason) => {
      const id = send(script);
      return message(([kind, number, status, output = '']) => {
        if (kind === 'boot') return { status: RESTARTED, output: 'the system restarted' };
        if (kind !== 'done' || number !== id) return undefined;
        return { status: Number(status), output: Buffer.from(output, 'base64').toString('utf8').trimEnd() };
      }, reason);
    },
    send: (script) => void send(script),
    [Symbol.dispose]: () => connection.destroy(),
  };
}

async function connected(path: string, signal: AbortSignal): Promise<Socket> {
  for (;;) {
    signal.throwIfAborted();
    const socket = connect(path);
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    if (isOpen) return socket;
    socket.destroy();
    await sleep(RETRY, undefined, { signal });
  }
}
