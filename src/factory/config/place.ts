/** Whether a release is remote: a URL `https://…` or a reference `docker://…`. Anything else is a path. */
export function isRemote(place: string): boolean {
  return /^(?:https?|docker):\/\//.test(place);
}
