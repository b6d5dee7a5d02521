import { NODE_PATH } from '../../common/contract/node-paths.ts';
import type { Host } from '../../common/host/host.ts';
import { environmentEntries } from '../config/environment.ts';

/** Variables that programs read proxies from, in either case. */
const NAME = /^(?:https?|ftp|all|no)_proxy$/i;

type Variables = Readonly<Record<string, string>>;

/**
 * The proxies of a node: `proxy=` of the kernel command line, and the variables of `env` in the configuration, which win. Programs
 * differ in the case of the names, so that each has both.
 * @param words of the kernel command line
 */
export function proxiesOf(words: readonly string[], env: unknown): Variables {
  const boot = words.findLast((word) => word.startsWith('proxy='))?.slice('proxy='.length);
  const given = {
    ...(boot ? { HTTP_PROXY: boot, HTTPS_PROXY: boot } : {}),
    ...Object.fromEntries(environmentEntries(env).filter(([name]) => NAME.test(name))),
  };
  const swapped = Object.entries(given).map(([name, value]) => [
    name === name.toUpperCase() ? name.toLowerCase() : name.toUpperCase(),
    value,
  ]);
  return { ...(Object.fromEntries(swapped) as Variables), ...given };
}

/** Whether an address contains a password, so that only root may read it. */
function hasPassword(variables: Variables): boolean {
  return Object.values(variables).some((value) => /\/\/[^/@]*@/.test(value));
}

/** Puts the proxies where systemd, OpenRC, login shells and the agent read them. */
export async function placeProxies(host: Host, variables: Variables): Promise<void> {
  const entries = Object.entries(variables);
  const quoted = (value: string) => `'${value.replaceAll("'", `'"'"'`)}'`;
  const exports = entries.map(([name, value]) => `export ${name}=${quoted(value)}\n`).join('');
  // systemd.syntax(7): quotes and backslashes are special, and so are specifiers.
  const units = entries.map(
    ([name, value]) => `"${name}=${value.replaceAll(/["\\]/g, '\\$&').replaceAll('%', '%%')}"`,
  );
  const mode = 0o600;
  await host.write(NODE_PATH.proxies, JSON.stringify(variables), { mode });
  await host.write(
    '/etc/systemd/system.conf.d/10-kairos-proxies.conf',
    `[Manager]\nDefaultEnvironment=${units.join(' ')}\n`,
    { mode },
  );
  await host.write('/etc/rc.conf.d/kairos-proxies.conf', exports, { mode });
  await host.write('/etc/profile.d/kairos-proxies.sh', exports, {
    mode: hasPassword(variables) ? mode : 0o644,
  });
}

/**
 * Makes this run of the agent use the proxies of the node, unless its environment has some. An ordinary user may not be allowed to
 * read them.
 */
export async function useProxies(host: Host): Promise<void> {
  if (Object.keys(host.env).some((name) => NAME.test(name))) return;
  const text = await host.readText(NODE_PATH.proxies).catch(() => undefined);
  if (text !== undefined) host.setEnvironment(JSON.parse(text) as Variables);
}
