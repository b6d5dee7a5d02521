import { parse } from 'yaml';

/** The host name under a key of metadata, which is YAML or JSON; broken metadata has none. */
export function hostnameIn(text: string | undefined, key: string): { readonly hostname?: string } {
  try {
    const data: unknown = parse(text ?? '');
    const value =
      typeof data === 'object' && data !== null ? (data as Record<string, unknown>)[key] : undefined;
    return typeof value === 'string' && value !== '' ? { hostname: value } : {};
  } catch {
    return {};
  }
}
