import type { z } from 'zod';
import { FactoryError } from '../errors/factory-error.ts';
import { quoted } from '../text/shell-word.ts';
import type { ConfigDocument } from './parse.ts';
import { problemsOf } from './problems.ts';
import { CloudConfig, type WriteFile, withoutNulls } from './schema.ts';
import type { StageStep, User } from './step-schema.ts';

/** The part of a cloud-config that is converted to steps. */
export const StagePart = CloudConfig.pick({
  stages: true,
  hostname: true,
  users: true,
  ssh_authorized_keys: true,
  write_files: true,
  runcmd: true,
  growpart: true,
});
type StagePart = z.output<typeof StagePart>;

/** Steps by stage. */
export type Stages = Readonly<Record<string, StageStep[]>>;
type Users = Readonly<Record<string, User>>;
type Keys = Readonly<Record<string, string[]>>;

/**
 * Returns the steps of a cloud-config by stage (docs/contract.md 4.5): cloud-init's keys converted to steps, then the
 * file's own stages. SSH keys from the network (`github:`, `gitlab:`, URLs) are fetched in `network`. Template
 * expressions are not expanded.
 * @throws FactoryError `usage` with `file:line:column` when this part does not match the schema
 */
export function stagesOf(document: ConfigDocument): Record<string, StageStep[]> {
  const data = withoutNulls(document.data);
  const [first, ...others] = problemsOf(StagePart, data).map(
    ({ path, message }) => `${document.locate(path)}: ${message}`,
  );
  if (first) {
    throw new FactoryError('CLOUD_CONFIG_INVALID', first, {
      details: others,
      remedy: 'Correct the cloud-config.',
    });
  }
  // The schema transforms nothing. The only mismatches left are templates where it expects numbers.
  const part = data as StagePart;
  const merged = new Map<string, StageStep[]>();
  for (const [stage, steps] of [
    ...Object.entries(cloudInitStages(part)),
    ...Object.entries(part.stages ?? {}),
  ]) {
    if (steps.length > 0) merged.set(stage, [...(merged.get(stage) ?? []), ...steps]);
  }
  return Object.fromEntries(merged);
}

/** In cloud-init's order: accounts come before files, which they may own. */
function cloudInitStages(part: StagePart): Stages {
  const users = usersOf(part.users);
  const keys = keysOf(part, users);
  return {
    initramfs: part.hostname === undefined ? [] : [{ name: 'hostname', hostname: part.hostname }],
    boot: [
      ...(part.growpart?.devices ?? []).map((path) => ({
        name: `growpart ${path}`,
        layout: { device: { path }, expand_partition: { size: 0 } },
      })),
      ...step('users', 'users', localKeysOnly(users)),
      ...step('ssh_authorized_keys', 'authorized_keys', keys.local),
      ...(part.write_files?.length ? [{ name: 'write_files', files: part.write_files.map(toFile) }] : []),
      ...(part.runcmd?.length ? [{ name: 'runcmd', commands: part.runcmd.map(toCommand) }] : []),
    ],
    network: step('ssh_authorized_keys', 'authorized_keys', keys.remote),
  };
}

/** A step for one plugin, or none when there are no entries. */
function step(name: string, plugin: keyof StageStep, entries: object): StageStep[] {
  return Object.keys(entries).length > 0 ? [{ name, [plugin]: entries }] : [];
}

/** Accounts by name. Plain strings in the list, such as cloud-init's `default`, are ignored. */
function usersOf(users: StagePart['users']): Users {
  if (users === undefined) return {};
  if (!Array.isArray(users)) return users;
  return Object.fromEntries(
    users.flatMap((user) => (typeof user === 'string' ? [] : [[user.name, user] as const])),
  );
}

function isRemoteKey(key: string): boolean {
  return /^(github:|gitlab:|https?:\/\/)/.test(key);
}

function localKeysOnly(users: Users): Users {
  return Object.fromEntries(
    Object.entries(users).map(([name, user]) => {
      const { ssh_authorized_keys: keys, ...rest } = user;
      return [name, keys ? { ...rest, ssh_authorized_keys: keys.filter((key) => !isRemoteKey(key)) } : rest];
    }),
  );
}

/** The top-level keys belong to every account of a person, as in upstream, or to root when there is no account. */
function keysOf(part: StagePart, users: Users): { local: Keys; remote: Keys } {
  const accounts = Object.keys(users).length > 0 ? users : { root: {} as User };
  const keys = Object.entries(accounts).map(([name, { system, ssh_authorized_keys: own = [] }]) => ({
    name,
    own,
    top: system ? [] : (part.ssh_authorized_keys ?? []),
  }));
  return {
    local: withoutEmpty(keys.map(({ name, top }) => [name, top.filter((key) => !isRemoteKey(key))])),
    remote: withoutEmpty(keys.map(({ name, own, top }) => [name, [...own, ...top].filter(isRemoteKey)])),
  };
}

function withoutEmpty(keys: readonly (readonly [name: string, keys: string[]])[]): Keys {
  return Object.fromEntries(keys.filter(([, { length }]) => length > 0));
}

function toFile({ owner, defer: _, ...file }: WriteFile): NonNullable<StageStep['files']>[number] {
  return owner === undefined ? file : { ...file, owner_string: owner };
}

/** Converts a command to a shell line; a list of arguments is quoted. */
function toCommand(command: string | string[]): string {
  if (typeof command === 'string') return command;
  return command.map(quoted).join(' ');
}
