import { yamlData } from '../../common/text/yaml-document.ts';

/** Reads the host name at a key of YAML or JSON metadata; an empty object when it is absent or the metadata is not valid. */
export function hostnameIn(text: string | undefined, key: string): { readonly hostname?: string } {
  try {
    const data = yamlData('metadata', text ?? '', { code: 'CLOUD_CONFIG_INVALID', firstOnly: true });
    const value =
      typeof data === 'object' && data !== null ? (data as Record<string, unknown>)[key] : undefined;
    return typeof value === 'string' && value !== '' ? { hostname: value } : {};
  } catch {
    return {};
  }
}
