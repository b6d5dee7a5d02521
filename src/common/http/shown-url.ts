/** Removes the parts of a URL that may contain passwords or tokens, so that it can be shown in messages. */
export function shownUrl(address: string): string {
  const url = URL.parse(address);
  return url === null ? address.replace(/[?#].*$/, '') : `${url.protocol}//${url.host}${url.pathname}`;
}
