/** Whether a release is named by an address, `https://…`, or a reference, `docker://…`; anything else is a path. */
export function isRemote(place: string): boolean {
  return /^(?:https?|docker):\/\//.test(place);
}
