/** A URL as a message may show it: its other parts may hold passwords and tokens. */
export function shownUrl(address: string): string {
  const url = URL.parse(address);
  return url === null ? address.replace(/[?#].*$/, '') : `${url.protocol}//${url.host}${url.pathname}`;
}
