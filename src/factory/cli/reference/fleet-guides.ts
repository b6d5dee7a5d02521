import type { Guide } from './guide.ts';

/** The guides of commands for many nodes, over SSH and in clusters. */
export const FLEET_GUIDES = {
  rollout: {
    examples: [
      { what: 'Show what a rollout would do, and pin its image', line: 'rollout plan rollout.yaml' },
      { what: 'Run it, or continue after an interruption', line: 'rollout run rollout.yaml' },
      { what: 'Begin no further node, from another terminal', line: 'rollout pause rollout.yaml' },
      { what: 'Continue, and try failed nodes again', line: 'rollout resume rollout.yaml' },
      { what: 'Show where each node is, for a program', line: 'rollout status rollout.yaml --json' },
    ],
    pages: ['rollout', 'node'],
  },
  operator: {
    examples: [
      {
        what: 'Look after the cluster of a kubeconfig, without replicas',
        line: 'operator --kubeconfig ~/.kube/config',
      },
      {
        what: 'As the pods of deploy/operator do: one of several works, and only signed images become pods',
        line: 'operator --lease kairos-factory --metrics :8080 --probes :8081 --trust-policy /etc/trust',
      },
    ],
    pages: ['operator', 'node-operations'],
  },
  farm: {
    examples: [
      { what: 'Prepare the volumes of a build', line: 'farm prepare /farm/plan/plan.json' },
      { what: 'Say what a build has made', line: 'farm report /farm/plan/plan.json' },
    ],
    pages: ['build-farm'],
  },
} as const satisfies Readonly<Record<string, Guide>>;
