import { z } from 'zod';
import { apiPath, KIND, type Kind, type ObjectRef } from './kinds.ts';
import type { KubeApi, Selection } from './kube-api.ts';
import { KubeError } from './kube-error.ts';
import type { KubeObject } from './objects.ts';
import type { KubeAnswer, KubeRequest, SendRequest } from './request.ts';

/** The name under which the server notes which fields are ours. */
const FIELD_MANAGER = 'kairos-factory';
/** How many objects one answer of a list may have. */
const PAGE = '500';

const Status = z.object({ message: z.string().optional(), reason: z.string().optional() });
const List = z.object({
  metadata: z.object({ continue: z.string().optional(), resourceVersion: z.string().optional() }),
  items: z.array(z.looseObject({ metadata: z.looseObject({ name: z.string() }) })).nullish(),
});

/** A list, and the version from which a watch continues it. */
export interface ListedObjects {
  readonly items: KubeObject[];
  readonly resourceVersion: string;
}

/**
 * Makes the port to the API server.
 * @param kindOf finds the kind of an object that is written, for its path
 */
export function createKubeApi(send: SendRequest, kindOf: (object: KubeObject) => Kind): KubeApi {
  const refOf = (object: KubeObject): ObjectRef => ({
    ...{ kind: kindOf(object), name: object.metadata.name, namespace: object.metadata.namespace },
  });
  return {
    read: async (ref) => {
      const request = { method: 'GET', path: apiPath(ref) } as const;
      const answer = await send(request);
      return answer.status === 404 ? undefined : resultOf(request, answer);
    },
    list: async (kind, selection = {}) => (await listAll(send, kind, selection)).items as never,
    create: async (object) => {
      const { kind, namespace } = refOf(object);
      const query = { fieldManager: FIELD_MANAGER };
      const request = { method: 'POST', path: apiPath({ kind, namespace }), query, body: object } as const;
      const answer = await send(request);
      if (answer.status === 409) return false;
      resultOf(request, answer);
      return true;
    },
    apply: async (object, { subresource } = {}) => {
      const request = {
        method: 'PATCH',
        path: apiPath(refOf(object), subresource),
        query: { fieldManager: FIELD_MANAGER, force: 'true' },
        contentType: 'application/apply-patch+yaml',
        body: object,
      } as const;
      return resultOf(request, await send(request));
    },
    patch: async (ref, patch, { subresource } = {}) => {
      const request = {
        method: 'PATCH',
        path: apiPath(ref, subresource),
        query: { fieldManager: FIELD_MANAGER },
        contentType: 'application/merge-patch+json',
        body: patch,
      } as const;
      return resultOf(request, await send(request));
    },
    remove: async (ref) => {
      const query = { propagationPolicy: 'Background' };
      const request = { method: 'DELETE', path: apiPath(ref), query } as const;
      const answer = await send(request);
      if (answer.status !== 404) resultOf(request, answer);
    },
    evict: async ({ name, namespace }, { gracePeriodSeconds }) => {
      const body = {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { name, namespace },
        ...(gracePeriodSeconds !== undefined && { deleteOptions: { gracePeriodSeconds } }),
      };
      const path = apiPath({ kind: KIND.pod, name, namespace }, 'eviction');
      const request = { method: 'POST', path, body } as const;
      const answer = await send(request);
      // 429: a disruption budget forbids it now. 404: the pod is gone, which is what was asked for.
      if (answer.status === 429) return false;
      if (answer.status !== 404) resultOf(request, answer);
      return true;
    },
  };
}

/** Lists all objects of a kind, in pages. @throws KubeError */
export async function listAll(
  send: SendRequest,
  kind: Kind,
  { namespace, labels, fields }: Selection,
): Promise<ListedObjects> {
  const items: KubeObject[] = [];
  let next: string | undefined;
  let resourceVersion = '';
  do {
    const query = { limit: PAGE, labelSelector: labels, fieldSelector: fields, continue: next };
    const request = { method: 'GET', path: apiPath({ kind, namespace }), query } as const;
    const page = List.parse(resultOf(request, await send(request)));
    // The server leaves both out in lists.
    const { apiVersion, kind: name } = kind;
    items.push(...(page.items ?? []).map((item) => ({ apiVersion, kind: name, ...item }) as KubeObject));
    resourceVersion = page.metadata.resourceVersion ?? '';
    next = page.metadata.continue || undefined;
  } while (next !== undefined);
  return { items, resourceVersion };
}

/** The object in an answer. @throws KubeError for an answer that is not a success */
function resultOf<T>({ method, path }: KubeRequest, { status, body }: KubeAnswer): T {
  if (status >= 200 && status < 300) return body as T;
  const { message, reason } = Status.safeParse(body).data ?? {};
  throw new KubeError(
    `${method} ${path}: ${message ?? reason ?? `the API server answers with status ${status}`}`,
    {
      status,
    },
  );
}
