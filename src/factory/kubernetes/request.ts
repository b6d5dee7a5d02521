import {
  HttpMethod,
  IsomorphicFetchHttpLibrary,
  type KubeConfig,
  RequestContext,
} from '@kubernetes/client-node';
import { messageOf } from '../../common/errors/factory-error.ts';
import { parseJson } from '../../common/text/parse-json.ts';
import { KubeError } from './kube-error.ts';

/** One request. */
export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below the address of the API server. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  /** The format of a patch; JSON without it. */
  readonly contentType?: string;
}

/** An answer: its status, and its body as JSON. */
export interface KubeAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Sends a request. @throws KubeError without a status when no answer came */
export type SendRequest = (request: KubeRequest) => Promise<KubeAnswer>;

/** Milliseconds for an answer. */
const LIMIT = 30_000;

/**
 * Makes the function that sends requests to the cluster, with the credentials of the configuration.
 * @param observe learns of each answer, for metrics
 */
export function createRequests(
  config: KubeConfig,
  {
    signal,
    observe,
  }: { readonly signal: AbortSignal; readonly observe?: (method: string, status: number) => void },
): SendRequest {
  const library = new IsomorphicFetchHttpLibrary();
  return async ({ method, path, query = {}, body, contentType = 'application/json' }) => {
    const url = new URL(`${config.getCurrentCluster()?.server ?? ''}${path}`);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, value);
    const context = new RequestContext(url.toString(), HttpMethod[method]);
    context.setHeaderParam('Accept', 'application/json');
    context.setSignal(AbortSignal.any([signal, AbortSignal.timeout(LIMIT)]));
    if (body !== undefined) {
      context.setHeaderParam('Content-Type', contentType);
      context.setBody(JSON.stringify(body));
    }
    try {
      await config.applySecurityAuthentication(context);
      const answer = await library.send(context).toPromise();
      const text = await answer.body.text();
      observe?.(method, answer.httpStatusCode);
      return { status: answer.httpStatusCode, body: parseJson(text) };
    } catch (error) {
      signal.throwIfAborted();
      observe?.(method, 0);
      throw new KubeError(`${method} ${path}: the API server does not answer: ${reasonOf(error)}`, {
        cause: error,
      });
    }
  };
}

/** `fetch` says only that it failed; its cause says why. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause === undefined ? messageOf(error) : messageOf(cause);
}
