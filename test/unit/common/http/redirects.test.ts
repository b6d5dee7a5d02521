import { describe, expect, test } from 'vitest';
import type { HttpFetch, HttpRequest } from '../../../../src/common/host/http-fetch.ts';
import { followRedirects, type RedirectPolicy } from '../../../../src/common/http/redirects.ts';
import { failureOf } from '../../support/failure.ts';

const SECRETS = { authorization: 'Bearer secret', cookie: 'a=b', 'x-aws-ec2-metadata-token': 'secret' };

/** A network of redirects: URL → status and location. Every other URL responds with 200. */
function network(redirects: Readonly<Record<string, readonly [number, string]>>) {
  const sent: { url: string; request: HttpRequest }[] = [];
  const fetch: HttpFetch = async (url, request = {}) => {
    sent.push({ url, request });
    const [status, location] = redirects[url] ?? [];
    return location === undefined
      ? new Response('here')
      : new Response('elsewhere', { status: status ?? 0, headers: { location } });
  };
  const follow = (url: string, request: HttpRequest = {}, redirects: Partial<RedirectPolicy> = {}) =>
    followRedirects(fetch, url, { ...request, redirects });
  return { sent, follow };
}

describe('followRedirects', () => {
  test('follows relative and absolute locations, and returns the final URL', async () => {
    const { follow, sent } = network({
      'https://a.example/x': [302, '/y?z=1'],
      'https://a.example/y?z=1': [308, 'https://b.example/z'],
    });
    const { response, url } = await follow('https://a.example/x');
    expect(await response.text()).toBe('here');
    expect(url.href).toBe('https://b.example/z');
    expect(sent.map(({ url: requested }) => requested)).toEqual([
      'https://a.example/x',
      'https://a.example/y?z=1',
      'https://b.example/z',
    ]);
  });

  test('refuses redirects from https to http, even when a later one leads back to https', async () => {
    const { follow, sent } = network({
      'https://a.example/': [302, 'http://b.example/'],
      'http://b.example/': [302, 'https://a.example/end'],
    });
    const failure = await failureOf(() => follow('https://a.example/'), 'verification');
    expect(failure.message).toBe('a.example redirects from https to http://b.example');
    expect(sent).toHaveLength(1);
    await follow('https://a.example/', {}, { mayLeaveTls: true });
    expect(sent).toHaveLength(4);
  });

  test('follows http to https, but not back', async () => {
    const { follow } = network({
      'http://a.example/': [301, 'https://a.example/'],
      'https://a.example/': [301, 'http://a.example/'],
    });
    await failureOf(() => follow('http://a.example/'), 'verification');
  });

  test('stops in a loop after ten redirects', async () => {
    const { follow, sent } = network({ 'https://a.example/': [302, '/'] });
    await failureOf(() => follow('https://a.example/'), 'step');
    expect(sent).toHaveLength(11);
  });

  test.each(['file:///etc/passwd', 'ftp://a.example/', 'data:,x'])('refuses %s', async (place) => {
    const { follow, sent } = network({ 'https://a.example/': [302, place] });
    await failureOf(() => follow('https://a.example/'), 'step');
    expect(sent).toHaveLength(1);
  });

  test('sends credentials only to their origin, and never again after leaving it', async () => {
    const { follow, sent } = network({
      'https://a.example/': [307, '/same'],
      'https://a.example/same': [307, 'https://a.example:8443/'],
      'https://a.example:8443/': [307, 'https://a.example/back'],
    });
    await follow('https://a.example/', { headers: { ...SECRETS, accept: 'text/plain', range: 'bytes=1-' } });
    const harmless = { 'accept-encoding': 'identity', accept: 'text/plain', range: 'bytes=1-' };
    expect(sent.map(({ request }) => request.headers)).toEqual([
      { ...harmless, ...SECRETS },
      { ...harmless, ...SECRETS },
      harmless,
      harmless,
    ]);
  });

  test('moves user and password from the URL into a header, and ignores those in a redirect', async () => {
    const { follow, sent } = network({ 'https://a.example/': [302, 'https://x:y@b.example/'] });
    await follow('https://us%40er:pass@a.example/');
    expect(sent.map(({ url, request }) => [url, request.headers?.['authorization']])).toEqual([
      ['https://a.example/', `Basic ${Buffer.from('us@er:pass').toString('base64')}`],
      ['https://b.example/', undefined],
    ]);
  });

  test.each([
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [303, 'PUT', 'GET'],
    [303, 'HEAD', 'HEAD'],
    [302, 'PUT', 'PUT'],
    [307, 'POST', 'POST'],
    [308, 'POST', 'POST'],
  ] as const)('%i turns %s into %s', async (status, method, then) => {
    const { follow, sent } = network({ 'https://a.example/': [status, '/next'] });
    const content = method === 'HEAD' ? {} : { body: 'text', headers: { 'content-type': 'text/plain' } };
    await follow('https://a.example/', { method, ...content });
    const next = sent[1]?.request;
    expect(next?.method).toBe(then);
    const isKept = then === method && method !== 'HEAD';
    expect(next?.body).toBe(isKept ? 'text' : undefined);
    expect(next?.headers?.['content-type']).toBe(isKept ? 'text/plain' : undefined);
  });

  test('forwards a body to another origin only if the policy allows it', async () => {
    const { follow, sent } = network({ 'https://a.example/': [307, 'https://b.example/'] });
    const request = { method: 'POST', body: 'refresh_token=secret' } as const;
    await failureOf(() => follow('https://a.example/', request), 'step');
    expect(sent).toHaveLength(1);
    await follow('https://a.example/', request, { mayForwardBody: true });
    expect(sent.at(-1)?.request.body).toBe('refresh_token=secret');
  });
});
