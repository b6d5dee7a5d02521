import { isMap, isScalar, parseDocument, visit } from 'yaml';
import { type Needles, secretsIn } from './scan-content.ts';
import type { Finding } from './secret-kinds.ts';

/** What findings call the cloud-config that goes onto the media. */
export const CLOUD_CONFIG = 'cloud-config';

/** Keys whose values are passwords or join tokens: of users, of registries, of Kubernetes. */
const SECRET_KEY = /^(?:passwd|password|token|network_token|agent-token|secret)$/i;
/** crypt(5): a hash, or an account that is locked. */
const HASHED = /^(?:\$[0-9a-z]+\$|[!*])/;

/** What is wrong with a cloud-config that everybody who has the medium can read. */
export interface CloudConfigAudit {
  /** Those of an image; they fail the build. */
  readonly findings: readonly Finding[];
  /** Lines of passwords in clear. Many nodes begin with one, and change it: that is said, and let pass. */
  readonly clear: readonly number[];
}

/** Looks through a cloud-config for what is a secret. */
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
  visit(parseDocument(text), {
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
