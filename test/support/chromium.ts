import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

interface View {
  readonly width: number;
  readonly scheme?: 'light' | 'dark';
}

/** A page in a real headless browser. */
export interface BrowserPage extends AsyncDisposable {
  /** Opens a URL at a width and in a colour scheme, and waits until it is loaded. */
  readonly open: (url: string, view: View) => Promise<void>;
  /** Shows the open page at another width or in another colour scheme, without loading it again. */
  readonly view: (view: View) => Promise<void>;
  /** Evaluates a JavaScript expression in the page, and awaits promises. */
  readonly evaluate: <T>(expression: string) => Promise<T>;
  /** All URLs requested since the page was opened, including those of its resources. */
  readonly requests: () => readonly string[];
  /** Messages of the console and the browser, including policy violations. */
  readonly messages: () => readonly string[];
  /** The full page as PNG. */
  readonly screenshot: () => Promise<Buffer>;
}

type Message = {
  id?: number;
  method?: string;
  params?: Record<string, never>;
  result?: unknown;
  error?: unknown;
};

/**
 * Starts Debian's Chromium and controls it with the DevTools protocol over pipes: JSON messages, each followed by a zero
 * byte (chromium, `--remote-debugging-pipe`).
 * @param scripts whether pages may run scripts
 */
export async function startChromium({ scripts = true } = {}): Promise<BrowserPage> {
  const home = await mkdtemp(join(tmpdir(), 'kairos-factory-chromium-'));
  const flags = ['--remote-debugging-pipe', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
  const child = spawn('chromium-headless-shell', [...flags, `--user-data-dir=${home}`], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const failed = once(child, 'error').then(([error]) => Promise.reject(error as Error));
  failed.catch(() => undefined);
  const exited = once(child, 'exit').catch(() => undefined);
  const [to, from] = [child.stdio[3] as Writable, child.stdio[4] as Readable];
  const waiting = new Map<number, (message: Message) => void>();
  const listeners = new Set<(message: Message) => void>();
  let rest = '';
  from.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\0');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const message = JSON.parse(part) as Message;
      if (message.id !== undefined) waiting.get(message.id)?.(message);
      else for (const listen of listeners) listen(message);
    }
  });
  let last = 0;
  let session: string | undefined;
  const send = async <T>(method: string, params: object = {}): Promise<T> => {
    last += 1;
    const id = last;
    const answer = new Promise<Message>((resolve) => {
      waiting.set(id, resolve);
    });
    to.write(`${JSON.stringify({ id, method, params, ...(session ? { sessionId: session } : {}) })}\0`);
    const ended = exited.then(() => ({ error: `chromium ended before it answered ${method}` }));
    const { result, error } = (await Promise.race([answer, failed, ended])) as Message;
    waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return result as T;
  };

  const { targetId } = await send<{ targetId: string }>('Target.createTarget', { url: 'about:blank' });
  await send('Browser.grantPermissions', { permissions: ['clipboardReadWrite', 'clipboardSanitizedWrite'] });
  session = (await send<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true }))
    .sessionId;
  for (const domain of ['Page', 'Network', 'Runtime', 'Log']) await send(`${domain}.enable`);
  if (!scripts) await send('Emulation.setScriptExecutionDisabled', { value: true });
  let requests: string[] = [];
  let messages: string[] = [];
  listeners.add(({ method, params }) => {
    const details = JSON.stringify(params);
    if (method === 'Network.requestWillBeSent')
      requests.push((JSON.parse(details) as { request: { url: string } }).request.url);
    if (
      method === 'Log.entryAdded' ||
      method === 'Runtime.consoleAPICalled' ||
      method === 'Runtime.exceptionThrown'
    )
      messages.push(details);
  });

  const show = async ({ width, scheme = 'light' }: View) => {
    const size = { width, height: 900, deviceScaleFactor: 1, mobile: width < 600 };
    await send('Emulation.setDeviceMetricsOverride', size);
    const features = [{ name: 'prefers-color-scheme', value: scheme }];
    await send('Emulation.setEmulatedMedia', { features });
  };

  return {
    view: show,
    open: async (url, view) => {
      await show(view);
      requests = [];
      messages = [];
      const loaded = new Promise<void>((resolve) => {
        const listen = ({ method }: Message) => {
          if (method !== 'Page.loadEventFired') return;
          listeners.delete(listen);
          resolve();
        };
        listeners.add(listen);
      });
      await send('Page.navigate', { url });
      await Promise.race([loaded, failed]);
    },
    evaluate: async <T>(expression: string) => {
      const options = { expression, returnByValue: true, awaitPromise: true, userGesture: true };
      const { result, exceptionDetails } = await send<{
        result: { value: T };
        exceptionDetails?: { text: string; exception?: { description?: string } };
      }>('Runtime.evaluate', options);
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    },
    requests: () => requests,
    messages: () => messages,
    screenshot: async () => {
      const { data } = await send<{ data: string }>('Page.captureScreenshot', {
        captureBeyondViewport: true,
      });
      return Buffer.from(data, 'base64');
    },
    [Symbol.asyncDispose]: async () => {
      // Also kills its helpers, which would keep the pipes open.
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      await exited;
      to.destroy();
      from.destroy();
      await rm(home, { recursive: true, force: true });
    },
  };
}
