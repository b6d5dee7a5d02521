import type { ContainerEngine } from '../engine/container-engine.ts';
import type { ResultRegistry } from '../sharing/result-registry.ts';
import type { Runner } from '../tools/runner.ts';
import type { Cache } from './cache.ts';

/** What both sides of a shared cache work with: the registry, and this machine. */
export interface SharedCacheContext {
  /** `REGISTRY/NAME`, for messages. */
  readonly name: string;
  readonly registry: ResultRegistry;
  readonly engine: ContainerEngine;
  readonly cache: Cache;
  readonly runner: Runner;
  readonly signal: AbortSignal;
  /** Directory for temporary files. */
  readonly work: string;
}
