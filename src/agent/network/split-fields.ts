/** Splits an argument at its colons, but not at those of IPv6 addresses, which are in brackets. The brackets are removed. */
export function splitFields(value: string): string[] {
  const fields = value.match(/(?:\[[^\]]*\]|[^:[\]])+|(?<=:|^)(?=:|$)/g) ?? [];
  return fields.map((field) => field.replaceAll(/[[\]]/g, ''));
}

/** A hardware address with colons, from one with colons or dashes; `undefined` for anything else, such as a name. */
export function hardwareAddress(text: string): string | undefined {
  return /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)
    ? text.toLowerCase().replaceAll('-', ':')
    : undefined;
}

/** Whether a text is a name that the kernel accepts for an interface (`dev_valid_name`). */
export function isInterfaceName(text: string): boolean {
  return /^[^\s/:]{1,15}$/.test(text) && text !== '.' && text !== '..';
}
