import { type ChildProcess, spawn } from 'node:child_process';
import { Agent } from 'node:http';
import { Duplex } from 'node:stream';
import type { Transport } from './transport.ts';

const LAST_LINES = 5;

/**
 * Connects through the `ssh` program, like Docker's own command: it uses the user's configuration, keys and known hosts, and
 * `docker system dial-stdio` relays the bytes on the remote machine.
 * @param program path of `ssh`
 */
export function createSshAgent(program: string, to: Extract<Transport, { kind: 'ssh' }>): Agent {
  const options = ['-T', '-o', 'ConnectTimeout=10'];
  if (to.user !== undefined) options.push('-l', to.user);
  if (to.port !== undefined) options.push('-p', String(to.port));
  const args = [...options, '--', to.host, 'docker', 'system', 'dial-stdio'];
  return new SshAgent({ keepAlive: false }, () => spawn(program, args, { stdio: 'pipe' }));
}

class SshAgent extends Agent {
  readonly #start: () => ChildProcess;

  constructor(options: ConstructorParameters<typeof Agent>[0], start: () => ChildProcess) {
    super(options);
    this.#start = start;
  }

  override createConnection(): Duplex {
    return new ProgramSocket(this.#start());
  }
}

/** The standard streams of a program as a socket for `node:http`. */
class ProgramSocket extends Duplex {
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    super();
    this.#child = child;
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.stdout?.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout?.pause();
    });
    child.stdin?.on('error', () => undefined);
    child.on('error', (error) => this.destroy(error));
    child.on('close', (status) => {
      if (status === 0) this.push(null);
      else this.destroy(new SshError(stderr));
    });
  }

  override _read(): void {
    this.#child.stdout?.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    // When the program has ended, its own error says more than EPIPE.
    this.#child.stdin?.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    this.#child.stdin?.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#child.kill();
    done(error);
  }

  setTimeout(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}

/** `ssh`, or the command on the remote machine, failed. */
export class SshError extends Error {
  readonly lines: readonly string[];

  constructor(stderr: string) {
    super('ssh ended');
    this.lines = stderr
      .split('\n')
      .filter((line) => line.trim() !== '')
      .slice(-LAST_LINES);
  }
}
