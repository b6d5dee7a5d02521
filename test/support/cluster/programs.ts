import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from '../factory.ts';

const PLACE = join(PROJECT, '.tools/bin');

/** Programs of Kubernetes, which `scripts/setup --cluster` builds; etcd is Debian's. */
export const CLUSTER_PROGRAM = {
  apiServer: join(PLACE, 'kube-apiserver'),
  controllerManager: join(PLACE, 'kube-controller-manager'),
  kubectl: join(PLACE, 'kubectl'),
  helm: join(PLACE, 'helm'),
  etcd: '/usr/bin/etcd',
} as const;

/** Whether all of them are there. */
export const HAS_CLUSTER = Object.values(CLUSTER_PROGRAM).every((path) => existsSync(path));
