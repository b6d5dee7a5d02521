import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** The figures of the operator, for Prometheus. */
export interface OperatorMetrics {
  readonly reconciled: (controller: string, seconds: number) => void;
  readonly failed: (controller: string) => void;
  /** One request to the API server; status 0 when none answered. */
  readonly requested: (method: string, status: number) => void;
  readonly leads: (isLeader: boolean) => void;
  /** How the depths of the queues are asked for, when the figures are read. */
  readonly watchDepths: (depths: () => Readonly<Record<string, number>>) => void;
  /** In the text format of Prometheus. */
  readonly text: () => Promise<string>;
  readonly contentType: string;
}

const PREFIX = 'kairos_factory_operator_';

/** Makes an empty set of figures. */
export function createMetrics(): OperatorMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const durations = new Histogram({
    name: `${PREFIX}reconcile_seconds`,
    help: 'How long a controller worked on one object.',
    labelNames: ['controller'],
    buckets: [0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10],
    registers,
  });
  const failures = new Counter({
    name: `${PREFIX}reconcile_failures_total`,
    help: 'How often that failed, and is repeated.',
    labelNames: ['controller'],
    registers,
  });
  const requests = new Counter({
    name: `${PREFIX}requests_total`,
    help: 'Requests to the API server, by method and status; 0 means that none answered.',
    labelNames: ['method', 'status'],
    registers,
  });
  const leader = new Gauge({
    name: `${PREFIX}leader`,
    help: '1 while this process is the leader.',
    registers,
  });
  leader.set(0);
  let depths: () => Readonly<Record<string, number>> = () => ({});
  new Gauge({
    name: `${PREFIX}queue_depth`,
    help: 'Objects that wait for a controller.',
    labelNames: ['controller'],
    registers,
    collect() {
      for (const [controller, depth] of Object.entries(depths())) this.set({ controller }, depth);
    },
  });
  return {
    reconciled: (controller, seconds) => durations.observe({ controller }, seconds),
    failed: (controller) => failures.inc({ controller }),
    requested: (method, status) => requests.inc({ method, status: String(status) }),
    leads: (isLeader) => leader.set(isLeader ? 1 : 0),
    watchDepths: (read) => {
      depths = read;
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
