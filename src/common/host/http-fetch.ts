/** Content of a request that is too large to hold in memory. */
export interface StreamBody {
  /** In bytes; `open` yields exactly this many. */
  readonly size: number;
  /** The content from its beginning; may be called again for another attempt. */
  readonly open: () => AsyncIterable<Uint8Array>;
}

/** One HTTP(S) request. */
export interface HttpRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | StreamBody;
  readonly signal?: AbortSignal;
  /** Accept any certificate. */
  readonly insecure?: boolean;
}

/**
 * Sends one request and returns the answer, whatever its status. It never follows a redirect: `src/common/http` decides
 * that for every runtime. Throws what the runtime throws when there is no answer.
 */
export type HttpFetch = (url: string, request?: HttpRequest) => Promise<Response>;
