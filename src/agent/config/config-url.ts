import type { ConfigDocument } from '../../common/cloud-config/parse.ts';

/** The `config_url` of a configuration, if it has one. */
export function configUrlOf({ data }: Pick<ConfigDocument, 'data'>): string | undefined {
  const url = data['config_url'];
  return typeof url === 'string' && url !== '' ? url : undefined;
}
