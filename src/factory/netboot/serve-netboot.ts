import { readFileSync } from 'node:fs';
import { chmod, chown, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unwritable } from '../../common/errors/unwritable.ts';
import { runDnsmasq } from '../tools/dnsmasq.ts';
import type { Runner } from '../tools/runner.ts';
import type { AddressRange } from './address-range.ts';
import { CLIENT_KINDS, type LoaderName } from './client-kinds.ts';
import { dnsmasqConfig } from './dnsmasq-config.ts';
import { dnsmasqLog, isReadyLine, type LoggedEvent } from './dnsmasq-log.ts';
import { startFileServer } from './file-server.ts';
import { requireFreeUdpPort } from './free-udp-port.ts';
import { findLoaders, loadersFor } from './loaders.ts';
import { machineLog } from './machine-log.ts';
import { hardwareAddress } from './neighbours.ts';
import type { NetbootEvent } from './netboot-event.ts';
import type { NetbootSystem } from './netboot-systems.ts';
import type { NetworkPlace } from './network-place.ts';
import type { PublishedFile } from './published-file.ts';
import { publishedFiles } from './published-files.ts';
import { serviceAccount } from './service-account.ts';

/** dnsmasq reads its files as a user who cannot enter the home of another one. */
const SCRATCH = '/run';
const TFTP_PORT = 69;
/** Milliseconds between two looks at what did not happen. */
const LOOK = 1000;

/** What to serve, and where. */
export interface NetbootService {
  readonly systems: readonly [NetbootSystem, ...NetbootSystem[]];
  readonly place: NetworkPlace;
  readonly httpPort: number;
  /** Be the DHCP server of the network. */
  readonly range?: AddressRange | undefined;
  /** Text of a cloud-config for all machines. */
  readonly cloudConfig?: string | undefined;
}

/** How the service runs. */
export interface ServiceContext {
  /** Its programs end when `signal` is aborted. */
  readonly runner: Runner;
  readonly signal: AbortSignal;
  /** Called when machines can boot. @param url where the files are */
  readonly onReady: (url: string) => void;
  /** Called with each line about a machine. */
  readonly onLine: (line: string) => void;
}

/**
 * Serves systems to machines that boot over the network, until the signal is aborted. Needs root.
 * @returns a line for each machine that was seen
 * @throws FactoryError `usage` when a port is in use, `tool` when dnsmasq or iPXE is missing, `step` when dnsmasq fails
 */
export async function serveNetboot(service: NetbootService, context: ServiceContext): Promise<string[]> {
  const { systems, place, httpPort, range, cloudConfig } = service;
  const { runner, signal, onReady, onLine } = context;
  const arches = systems.map(({ arch }) => arch);
  const url = `http://${place.address}:${httpPort}/`;
  const kinds = CLIENT_KINDS.filter(({ arch }) => arches.includes(arch));
  const loaders = await findLoaders(loadersFor(arches), systems[0].directory);

  await requireFreeUdpPort(place.address, TFTP_PORT);

  await using stack = new AsyncDisposableStack();
  const files = await publishedFiles({ systems, loaders, url, cloudConfig }, stack);
  const log = machineLog({
    hasConfig: cloudConfig !== undefined || systems.every(({ config }) => config !== undefined),
    macOf: (ip) => hardwareAddress(readFileSync('/proc/net/arp', 'utf8'), ip),
  });
  const print = (lines: readonly string[]) => lines.forEach(onLine);
  const take = (event: NetbootEvent) => print(log.take(event, Date.now()));
  stack.use(await startFileServer({ address: place.address, port: httpPort, files, onEvent: take }));
  const timer = setInterval(() => print(log.look(Date.now())), LOOK);
  stack.defer(() => clearInterval(timer));

  const scratch = await scratchDirectory(stack);
  const tftpRoot = await copyLoaders(loaders, scratch);
  const account = serviceAccount(await readFile('/etc/passwd', 'utf8'));
  const config = join(scratch, 'dnsmasq.conf');
  const leaseFile = join(scratch, 'leases');
  const setup = {
    place,
    kinds,
    url,
    tftpRoot,
    leaseFile,
    ...(range === undefined ? {} : { range }),
  };
  await writeFile(config, dnsmasqConfig(setup));
  await writeFile(leaseFile, '');
  await chown(leaseFile, account.uid, account.gid);
  const read = dnsmasqLog(kinds.map(({ code }) => code));
  let transfers = 0;
  const follow = (line: string) => {
    if (isReadyLine(line)) onReady(url);
    const logged = read(line);
    transfers -= 1;
    if (logged !== undefined) take(logged.kind === 'sent' ? finished(logged, files, transfers) : logged);
  };
  await runDnsmasq(runner, { config, account, onLine: follow }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  return log.summary();
}

/** A transfer by TFTP: dnsmasq logs its end only. @param transfer a number that no transfer by HTTP has */
function finished(
  { ip, file, state }: Extract<LoggedEvent, { kind: 'sent' }>,
  files: ReadonlyMap<string, PublishedFile>,
  transfer: number,
): NetbootEvent {
  const of = files.get(file)?.size ?? 0;
  const sent = state === 'done' ? of : 0;
  return {
    ...({ kind: 'transfer', role: 'loader', by: 'TFTP', isPart: false } as const),
    ...{ ip, file, transfer, state, sent, of },
  };
}

async function scratchDirectory(stack: AsyncDisposableStack): Promise<string> {
  const scratch = await mkdtemp(join(SCRATCH, 'kairos-factory-netboot-')).catch((error: unknown) => {
    throw unwritable(error, `cannot create a directory in ${SCRATCH}`, {
      remedy: 'Make it writable for root.',
    });
  });
  stack.defer(() => rm(scratch, { recursive: true, force: true }));
  await chmod(scratch, 0o755);
  return scratch;
}

/** @returns the directory of the copies: nothing else is in the reach of TFTP */
async function copyLoaders(loaders: ReadonlyMap<LoaderName, string>, scratch: string): Promise<string> {
  const root = join(scratch, 'tftp');
  await mkdir(root);
  for (const [name, path] of loaders) {
    await copyFile(path, join(root, name));
    await chmod(join(root, name), 0o644);
  }
  return root;
}
