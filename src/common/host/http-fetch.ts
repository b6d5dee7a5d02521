/** The body of a request, as a stream. */
export interface StreamBody {
  /** In bytes; `open` yields exactly this many. */
  readonly size: number;
  /** Opens the content from its start; it is called again for each attempt. */
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
 * Sends one request and returns the response, whatever its status. It does not follow redirects, which is up to
 * `src/common/http`. It throws the runtime's error when there is no response.
 */
export type HttpFetch = (url: string, request?: HttpRequest) => Promise<Response>;
