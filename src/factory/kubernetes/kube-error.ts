import { FactoryError } from '../../common/errors/factory-error.ts';

/** An answer of the API server that is not a success, or no answer. */
export class KubeError extends FactoryError {
  /** HTTP status; `undefined` when the server could not be reached. */
  readonly status: number | undefined;

  constructor(message: string, options: { readonly status?: number; readonly cause?: unknown } = {}) {
    const { status, cause } = options;
    super('KUBERNETES_FAILED', message, {
      ...(cause === undefined ? {} : { cause }),
      ...(remedyOf(status) && { remedy: remedyOf(status) ?? '' }),
    });
    this.status = status;
  }
}

function remedyOf(status: number | undefined): string | undefined {
  if (status === undefined) return 'Check the address in the kubeconfig, and whether the API server runs.';
  if (status === 401) return 'Check the credentials in the kubeconfig, or the service account.';
  if (status === 403) return 'Apply the roles of deploy/operator, or use an account that has these rights.';
  if (status === 404) return 'Apply the custom resource definitions of deploy/operator.';
  return undefined;
}
