import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpFetch } from '../host/http-fetch.ts';

/** What HTTP needs of a machine. The agent's port `Host` is one; the factory makes its own. */
export interface HttpPort {
  readonly fetch: HttpFetch;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  now(): Date;
  log(level: 'debug' | 'warn', message: string): void;
}

/** A port with the clock of the process. @param warn receives a line for each failed attempt */
export function httpPort(fetch: HttpFetch, warn: (text: string) => void): HttpPort {
  return {
    fetch,
    sleep: (milliseconds, signal) => sleep(milliseconds, undefined, signal ? { signal } : {}),
    now: () => new Date(),
    log: (level, message) => {
      if (level === 'warn') warn(message);
    },
  };
}
