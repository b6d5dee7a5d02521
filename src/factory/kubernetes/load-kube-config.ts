import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { FactoryError, reasonOf } from '../../common/errors/factory-error.ts';

/**
 * Finds the cluster and the credentials: the file given, else the service account of the pod that this runs in, else `KUBECONFIG`,
 * else `~/.kube/config`.
 * @throws FactoryError `usage` when there is none, or the file cannot be used
 */
export function loadKubeConfig({
  file,
  env,
}: {
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}): KubeConfig {
  const config = new KubeConfig();
  const path = file ?? (isInCluster(env) ? undefined : (env['KUBECONFIG'] ?? homeFile(env)));
  try {
    if (path !== undefined) config.loadFromFile(path);
    else if (isInCluster(env)) config.loadFromCluster();
    else throw noCluster();
    if (!config.getCurrentCluster()) throw noContext(path);
  } catch (error) {
    if (error instanceof FactoryError) throw error;
    const place = path ?? 'the service account of this pod';
    throw new FactoryError('KUBECONFIG_INVALID', `${place} cannot be used: ${reasonOf(error)}`, {
      remedy: 'Give the kubeconfig of your cluster with --kubeconfig, or in KUBECONFIG.',
      cause: error,
    });
  }
  return config;
}

function isInCluster(env: Readonly<Record<string, string | undefined>>): boolean {
  return env['KUBERNETES_SERVICE_HOST'] !== undefined;
}

function homeFile({ HOME }: Readonly<Record<string, string | undefined>>): string | undefined {
  const path = HOME === undefined ? undefined : join(HOME, '.kube/config');
  return path !== undefined && existsSync(path) ? path : undefined;
}

function noCluster(): FactoryError {
  return new FactoryError('KUBECONFIG_INVALID', 'no Kubernetes cluster is named', {
    remedy: 'Give --kubeconfig FILE, set KUBECONFIG, or run this in a pod with a service account.',
  });
}

function noContext(path = ''): FactoryError {
  return new FactoryError('KUBECONFIG_INVALID', `${path} has no cluster for its current context`, {
    remedy: 'Select a context with "kubectl config use-context".',
  });
}
