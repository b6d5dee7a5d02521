import { resolve } from 'node:path';
import { z } from 'zod';
import { ARCHES, type Arch, architecture } from '../../common/contract/architectures.ts';
import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import { parseImageReference } from '../../common/oci/registry/image-reference.ts';

/** The BuildKit daemon of one entry of `buildkit.builders`. */
export interface BuilderSpec {
  /** As buildctl takes it: `tcp://HOST:PORT`. */
  readonly address: string;
  /** The architecture that it is for; absent for whatever its workers can build. */
  readonly arch?: Arch | undefined;
}

/** What an address of a daemon looks like, by its scheme (moby/buildkit, `client/connhelper`). */
const ADDRESS_FORMS: Readonly<Record<string, RegExp>> = {
  tcp: /^(?:\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9][A-Za-z0-9._-]*):(\d{1,5})$/,
  unix: /^\/[^?#]+$/,
  'docker-container': /^[A-Za-z0-9][A-Za-z0-9_.-]*(?:\?context=[A-Za-z0-9_.-]+)?$/,
  'kube-pod': /^[a-z0-9][a-z0-9.-]*(?:\?[a-z]+=[A-Za-z0-9_.@:/-]+(?:&[a-z]+=[A-Za-z0-9_.@:/-]+)*)?$/,
};
const FORMS = 'tcp://HOST:PORT, unix:///PATH, docker-container://NAME or kube-pod://POD';

/** Says what is wrong with the address of a daemon; `undefined` if nothing is. */
export function addressProblem(address: string): string | undefined {
  const [, scheme = '', rest = ''] = /^([a-z-]+):\/\/(.*)$/s.exec(address) ?? [];
  const found = Object.hasOwn(ADDRESS_FORMS, scheme) ? ADDRESS_FORMS[scheme]?.exec(rest) : undefined;
  if (found && Number(found[1] ?? 1) >= 1 && Number(found[1] ?? 1) <= 65_535) return undefined;
  return `"${address}" is not the address of a BuildKit daemon: write ${FORMS}`;
}

/** Parses `[ARCH=]ADDRESS`. @returns a text that says what is wrong with it */
export function parseBuilder(text: string): BuilderSpec | string {
  const [, name, address = text] = /^([a-z0-9_]+)=(.*)$/s.exec(text) ?? [];
  if (name !== undefined && architecture(name) === undefined)
    return `"${name}" is not an architecture: ${ARCHES.join(' and ')} are`;
  return addressProblem(address) ?? { address, ...(name === undefined ? {} : { arch: name as Arch }) };
}

const Builder = z.string().transform((text, context): BuilderSpec => {
  const parsed = parseBuilder(text);
  if (typeof parsed !== 'string') return parsed;
  context.addIssue(parsed);
  return z.NEVER;
});

/** Keys that an entry of a cache in a registry may have (moby/buildkit, "Registry" of "Export cache"). */
const TO_KEYS = [
  'ref',
  'mode',
  'image-manifest',
  'oci-mediatypes',
  'compression',
  'compression-level',
  'force-compression',
  'ignore-error',
  'registry.insecure',
] as const;
const FROM_KEYS = ['ref', 'registry.insecure'] as const;

/** Says what is wrong with `type=registry,ref=…`; `undefined` if nothing is. */
export function cacheProblem(text: string, keys: readonly string[]): string | undefined {
  const fields = text.split(',').map((field) => /^([a-z.-]+)=([^\s"]+)$/.exec(field));
  if (fields.includes(null)) return `"${text}" does not have the form type=registry,ref=REGISTRY/NAME:TAG`;
  const entries = fields.map((field): [string, string] => [field?.[1] ?? '', field?.[2] ?? '']);
  const values = new Map(entries);
  const kind = values.get('type');
  if (kind !== 'registry') return `"${text}" is not a cache in a registry: write type=registry,ref=…`;
  if (values.size < entries.length) return `"${text}" names a key twice`;
  const unknown = [...values.keys()].find((key) => key !== 'type' && !keys.includes(key));
  if (unknown !== undefined) return `"${unknown}" is not a key of it: ${keys.join(', ')} are`;
  const mode = values.get('mode');
  if (mode !== undefined && mode !== 'min' && mode !== 'max') return `mode is min or max, not ${mode}`;
  const ref = values.get('ref');
  if (ref === undefined) return `"${text}" has no ref`;
  try {
    parseImageReference(ref);
    return undefined;
  } catch (error) {
    return `ref: ${messageOf(error)}`;
  }
}

const cacheEntry = (keys: readonly string[]) =>
  z.string().superRefine((text, context) => {
    const problem = cacheProblem(text, keys);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });

/** The key `buildkit`: the daemons of the engine `buildkit`, and the registry that keeps their layers. */
export const Buildkit = z.strictObject({
  builders: z
    .array(Builder)
    .default([])
    .meta({
      description: `BuildKit daemons, each \`[ARCH=]ADDRESS\`: ${FORMS}; by default that of \`BUILDKIT_HOST\`.`,
    }),
  tls: z.string().optional().meta({
    description:
      'Directory with `ca.pem`, `cert.pem` and `key.pem` for daemons at `tcp://`; without it, they are not encrypted.',
  }),
  'server-name': z
    .string()
    .regex(/^[A-Za-z0-9.:-]+$/, 'is not the name of a server')
    .optional()
    .meta({ description: "Name in the daemons' certificates; by default the host of the address." }),
  'cache-to': z.array(cacheEntry(TO_KEYS)).default([]).meta({
    description: 'Registries to store the layers of builds in: `type=registry,ref=REGISTRY/NAME:TAG`.',
  }),
  'cache-from': z.array(cacheEntry(FROM_KEYS)).default([]).meta({
    description: 'Registries to take layers of earlier builds from, likewise.',
  }),
});
export type BuildkitSpec = z.output<typeof Buildkit>;

/** The registries that keep the layers of builds. */
export type RegistryCaches = Pick<BuildkitSpec, 'cache-to' | 'cache-from'>;

/** The settings of a command that has none. */
export const NO_BUILDERS: BuildkitSpec = Buildkit.parse({});

/**
 * Refuses settings that nothing would use.
 * @throws FactoryError `usage` when daemons or caches are named, but no engine
 */
export function requireBuildkit(engine: string, spec: BuildkitSpec): void {
  const isUsed = Object.values(spec).some((value) =>
    Array.isArray(value) ? value.length > 0 : value !== undefined,
  );
  if (engine !== 'auto' || !isUsed) return;
  throw new FactoryError(
    'OPTION_CONFLICT',
    'builders and caches are for the engine buildkit, which is not chosen',
    {
      remedy: 'Add --engine buildkit.',
    },
  );
}

/** Makes the path in `tls` of the mapping `buildkit` absolute; leaves malformed values unchanged. */
export function anchorBuildkit(value: unknown, directory: string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { tls } = value as { readonly tls?: unknown };
  return typeof tls === 'string' ? { ...value, tls: resolve(directory, tls) } : value;
}
