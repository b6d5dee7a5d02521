import { type ChildProcess, spawn } from 'node:child_process';
import { Agent } from 'node:http';
import { Duplex } from 'node:stream';
import type { HostTool } from '../../tools/host-tool.ts';
import type { Transport } from './endpoint.ts';

export const SSH: HostTool = { name: 'ssh', package: 'openssh-client' };

const LAST_LINES = 5;

/**
 * Connections through the `ssh` program, as Docker's own command makes them: it knows the person's configuration, keys and
 * known hosts, and the daemon's machine hands the bytes on with `docker system dial-stdio`.
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

/** A program's standard streams in the form that `node:http` expects of a socket. */
class ProgramSocket extends Duplex {
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    super();
    this.#child = child;
    let complaints = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      complaints += chunk.toString();
    });
    child.stdout?.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout?.pause();
    });
    child.stdin?.on('error', () => undefined);
    child.on('error', (error) => this.destroy(error));
    child.on('close', (status) => {
      if (status === 0) this.push(null);
      else this.destroy(new SshError(complaints));
    });
  }

  override _read(): void {
    this.#child.stdout?.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    // A program that has ended tells why when it is gone: that is more than EPIPE.
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

/** `ssh`, or the command on the other machine, gave up. */
export class SshError extends Error {
  readonly lines: readonly string[];

  constructor(complaints: string) {
    super('ssh ended');
    this.lines = complaints
      .split('\n')
      .filter((line) => line.trim() !== '')
      .slice(-LAST_LINES);
  }
}
