import { resolve } from 'node:path';
import { z } from 'zod';

/** When hooks run inside the image build. */
export const IMAGE_STAGES = ['before-packages', 'after-packages', 'after-framework', 'before-seal'] as const;
export type ImageStage = (typeof IMAGE_STAGES)[number];

/** When hooks run on the machine that builds. */
export const HOST_STAGES = ['before-artifacts', 'after-artifacts'] as const;
export type HostStage = (typeof HOST_STAGES)[number];

/** Variables of the build, which a hook must not replace. */
const RESERVED = /^(?:KAIROS_|SOURCE_DATE_EPOCH$)/;
const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

const Seconds = z
  .string()
  .regex(/^[1-9]\d{0,4}[smh]$/, 'is not a time such as 30s, 10m or 1h')
  .transform((text) => Number(text.slice(0, -1)) * (UNITS[text.slice(-1)] ?? 1));

const Environment = z.record(
  z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not the name of a variable')
    .refine((name) => !RESERVED.test(name), 'is set by the build'),
  z.string().regex(/^[^\n\0]*$/, 'has more than one line'),
);

/** An entry of a stage: the path of a program, or a mapping. */
const Hook = z.preprocess(
  (value) => (typeof value === 'string' ? { run: value } : value),
  z.strictObject({
    run: z.string().min(1).meta({ description: 'Path of the program, a script with #! in most cases.' }),
    inputs: z
      .array(z.string().min(1))
      .default([])
      .meta({ description: 'Files and directories that it reads; they are part of the cache key.' }),
    environment: Environment.default({}).meta({ description: 'Variables for it.' }),
    timeout: Seconds.prefault('10m').meta({ description: 'How long it may take: 30s, 10m, 1h.' }),
  }),
);

/** A hook with absolute paths; its time limit is in seconds. */
export type HookSpec = z.output<typeof Hook>;

const stage = (description: string) => z.array(Hook).default([]).meta({ description });

/** The key `hooks`. */
export const Hooks = z.strictObject({
  'before-packages': stage('In the image, before packages are installed.'),
  'after-packages': stage('In the image, after packages are installed.'),
  'after-framework': stage('In the image with framework and overlay, before the initramfs is made.'),
  'before-seal': stage('In the image, when all else is done.'),
  'before-artifacts': stage('On this machine, before artifacts are made; needs --allow-host-hooks.'),
  'after-artifacts': stage('On this machine, when all artifacts are there; needs --allow-host-hooks.'),
});
export type HooksSpec = z.output<typeof Hooks>;

/** Makes the paths of hooks absolute; leaves malformed values unchanged. */
export function anchorHooks(value: unknown, directory: string): unknown {
  if (!isMapping(value)) return value;
  const entries = Object.entries(value).map(([name, hooks]) => [
    name,
    Array.isArray(hooks) ? hooks.map((hook: unknown) => anchorHook(hook, directory)) : hooks,
  ]);
  return Object.fromEntries(entries);
}

function anchorHook(hook: unknown, directory: string): unknown {
  const place = (path: unknown) => (typeof path === 'string' ? resolve(directory, path) : path);
  if (!isMapping(hook)) return place(hook);
  const { run, inputs } = hook;
  return {
    ...hook,
    ...(run === undefined ? {} : { run: place(run) }),
    ...(Array.isArray(inputs) ? { inputs: inputs.map(place) } : {}),
  };
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
