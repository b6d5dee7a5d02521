import type { Plugin } from '../plugin.ts';

/**
 * `datasource` (docs/contract.md 4.9): fetches the user data of this machine, unless it is present. `path` is the target
 * directory; for the provider `file` it is the file with the user data, as in upstream. With `only_recognised`, the metadata services
 * of clouds that this machine is not in are not asked.
 *
 * @throws FactoryError `usage` when no provider is known, `step` when user data cannot be read or written
 */
export const datasourcePlugin: Plugin<'datasource'> = {
  key: 'datasource',
  run: async ({ host }, { providers = [], path, only_recognised: onlyRecognised }) => {
    const { pullDatasource } = await import('../../datasource/pull-datasource.ts');
    if (path !== undefined && path !== '' && providers.includes('file')) {
      await pullDatasource(
        host,
        providers.map((name) => (name === 'file' ? `file:${path}` : name)),
        { onlyRecognised },
      );
    } else await pullDatasource(host, providers, { path: path || undefined, onlyRecognised });
  },
};
