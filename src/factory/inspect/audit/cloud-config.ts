import { isMap, isScalar, parseDocument, visit } from 'yaml';
import { type Needles, secretsIn } from './scan-content.ts';
import type { Finding } from './secret-kinds.ts';

/** The path that findings use for the cloud-config on the media. */
export const CLOUD_CONFIG = 'cloud-config';

/** Keys whose values are passwords or join tokens, for users, registries and Kubernetes. */
const SECRET_KEY = /^(?:passwd|password|token|network_token|agent-token|secret)$/i;
/** crypt(5): a hash, or a locked account. */
const HASHED = /^(?:\$[0-9a-z]+\$|[!*])/;

/** Problems of a cloud-config, which everybody who has the medium can read. */
export interface CloudConfigAudit {
  /** Secrets as in an image; they fail the build. */
  readonly findings: readonly Finding[];
  /** Lines with plain-text passwords. These are reported but allowed, because many nodes start with one and change it. */
  readonly clear: readonly number[];
}

/** Searches a cloud-config for secrets. @param needles credentials of the build */
export function auditCloudConfig(text: string, needles: Needles): CloudConfigAudit {
  const bytes = Buffer.from(text);
  const findings = new Map<string, Finding>();
  const lineAt = (offset: number) => text.slice(0, offset).split('\n').length;
  for (const { kind, at } of secretsIn(bytes.toString('latin1'))) {
    const line = bytes.subarray(0, at).toString().split('\n').length;
    if (!findings.has(kind)) findings.set(kind, { path: CLOUD_CONFIG, kind, line });
  }
  if (needles.some((needle) => bytes.includes(needle)))
    findings.set('build-credential', { path: CLOUD_CONFIG, kind: 'build-credential' });
  const clear: number[] = [];
  // The search for duplicate keys is quadratic, and the key does not matter here.
  visit(parseDocument(text, { uniqueKeys: false }), {
    Map: (_, map) => {
      if (!isMap(map)) return;
      for (const { key, value } of map.items) {
        if (!isScalar(key) || !isScalar(value) || typeof value.value !== 'string') continue;
        if (SECRET_KEY.test(String(key.value)) && value.value !== '' && !HASHED.test(value.value))
          clear.push(lineAt(value.range?.[0] ?? 0));
      }
    },
  });
  return { findings: [...findings.values()], clear };
}
