import { readlink } from 'node:fs/promises';
import { execa } from 'execa';
import { tool } from './tool.ts';

/** A machine that consists of a network only. */
export interface NetworkNamespace {
  /** Words before a command that runs in there. */
  readonly enter: readonly string[];
  /** Runs a command in there. @returns its output @throws when it fails */
  readonly run: (...command: readonly string[]) => Promise<string>;
}

/** Puts a machine of QEMU on the bridge `lan`. @returns the argument for its end of the cable */
export async function plugIn({ run }: NetworkNamespace, id: string): Promise<string> {
  await run('ip', 'tuntap', 'add', id, 'mode', 'tap');
  await run('ip', 'link', 'set', id, 'master', 'lan', 'up');
  return `tap,id=${id},ifname=${id},script=no,downscript=no`;
}

/**
 * Makes machines, each with a network of its own, which are gone when it is disposed of. It needs root.
 * @param names the first one has a bridge `lan`, the others a card `eth0` whose cable leads to the bridge
 */
export async function startNetworks<Name extends string>(
  names: readonly [Name, ...Name[]],
): Promise<Record<Name, NetworkNamespace> & AsyncDisposable> {
  const made: Partial<Record<Name, NetworkNamespace>> = {};
  const holders: ReturnType<typeof hold>[] = [];
  const pids: number[] = [];
  for (const name of names) {
    const holder = hold();
    holders.push(holder);
    const { pid = 0 } = holder;
    while ((await readlink(`/proc/${pid}/ns/net`)) === (await readlink('/proc/self/ns/net')))
      await new Promise((resolve) => setTimeout(resolve, 20));
    pids.push(pid);
    const enter = ['nsenter', '-n', '-t', String(pid)];
    made[name] = { enter, run: (...command) => tool('nsenter', ...enter.slice(1), ...command) };
  }
  const networks = made as Record<Name, NetworkNamespace>;
  const [first, ...others] = names;
  const ip = networks[first].run;
  await ip('ip', 'link', 'set', 'lo', 'up');
  await ip('ip', 'link', 'add', 'lan', 'type', 'bridge');
  await ip('ip', 'link', 'set', 'lan', 'up');
  for (const [index, name] of others.entries()) {
    const pid = String(pids[index + 1]);
    await ip(...`ip link add port${index} type veth peer name eth0 netns ${pid}`.split(' '));
    await ip(...`ip link set port${index} master lan up`.split(' '));
    await networks[name].run('ip', 'link', 'set', 'eth0', 'up');
  }
  return {
    ...networks,
    [Symbol.asyncDispose]: async () => {
      for (const holder of holders) holder.kill('SIGKILL');
      await Promise.all(holders);
    },
  };
}

function hold() {
  return execa('unshare', ['-n', 'sleep', 'infinity'], { reject: false });
}
