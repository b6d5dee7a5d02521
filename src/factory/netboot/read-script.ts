/** What a script of the artifact `netboot` says: names of files beside it, and the digest of the root. */
export interface ReadScript {
  readonly kernel: string;
  readonly initrd: string;
  readonly root: string;
  /** SHA-256 of the root, in hex. */
  readonly sha256: string;
  /** The cloud-config, if there is one. */
  readonly config?: string;
}

const NAME = String.raw`\$\{base\}([^\s/]+)`;
const CONFIG = new RegExp(` kairos\\.config_url=${NAME}`);

/** Reads a script as `artifacts/ipxe-script.ts` writes it; `undefined` for another text. */
export function readScript(text: string): ReadScript | undefined {
  const find = (pattern: string) => new RegExp(pattern, 'm').exec(text)?.[1];
  const kernel = find(`^kernel ${NAME} `);
  const initrd = find(`^initrd ${NAME}$`);
  const root = find(` root=live:${NAME} `);
  const sha256 = find(' rd\\.live\\.sha256=([0-9a-f]{64}) ');
  if (!text.startsWith('#!ipxe\n') || !kernel || !initrd || !root || !sha256) return undefined;
  const config = CONFIG.exec(text)?.[1];
  return { kernel, initrd, root, sha256, ...(config === undefined ? {} : { config }) };
}

/** The same script with another cloud-config. @param name the name of its file beside the script */
export function withConfig(text: string, name: string): string {
  return text
    .replace(CONFIG, '')
    .replace(/^kernel .*$/m, (line) => `${line} kairos.config_url=\${base}${name}`);
}

/** The same script for the directory at a URL: an iPXE may not know where a script is from. @param url with a slash at its end */
export function withBase(text: string, url: string): string {
  return text.replace('#!ipxe\n', `#!ipxe\nset base ${url}\n`);
}
