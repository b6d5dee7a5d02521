import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpFetch } from '../host/http-fetch.ts';

/** The functions of a machine that HTTP needs. The agent's `Host` implements it; the factory has its own. */
export interface HttpPort {
  readonly fetch: HttpFetch;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  now(): Date;
  log(level: 'debug' | 'warn', message: string): void;
}

/** Returns a port that uses the clock of the process. @param warn receives a line for each failed attempt */
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
