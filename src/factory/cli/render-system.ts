import { formatSize } from '../../common/text/size-text.ts';
import { utcTime } from '../../common/text/utc-time.ts';
import type { SystemFacts } from '../inspect/artifact/describe-system.ts';
import type { PageLine } from './page.ts';

/** The lines about a system. */
export function systemLines(system: SystemFacts): PageLine[] {
  const { name, version, arch, distribution, framework, kernel, initramfs, agent, packages, epoch, release } =
    system;
  const { machineId, sshHostKeys } = system.identity;
  const counts = Object.entries(packages).map(([type, count]) => `${count} ${type}`);
  const isKairos = Object.keys(release).length > 0;
  return [
    ['name', name ?? (isKairos ? undefined : 'not an OS image: it has no /etc/kairos-release')],
    ['version', version],
    ['arch', arch],
    ['distribution', distribution?.name],
    ['made by', framework],
    ['kernel', kernel && sized(kernel.version ?? 'unknown version', kernel.size)],
    ['initramfs', initramfs && sized(`${initramfs.kind}, ${initramfs.compression}`, initramfs.size)],
    ['agent', agent && sized(agent.version ?? `sha256 ${agent.sha256.slice(0, 16)}…`, agent.size)],
    ['packages', counts.join(', ')],
    ['date', epoch === undefined ? undefined : utcTime(epoch)],
    ['identity', identity(machineId, sshHostKeys)],
  ];
}

/** What is the same on every node is shown only where it is wrong. */
function identity(machineId: SystemFacts['identity']['machineId'], keys: readonly string[]): string {
  const problems = [
    ...(machineId === 'set' ? ['a machine-id that every node would have'] : []),
    ...(keys.length > 0 ? [`SSH host keys that every node would have: ${keys.join(', ')}`] : []),
  ];
  return problems.length === 0 ? 'none in the image; each node makes its own' : problems.join('; ');
}

function sized(text: string, bytes: number | undefined): string {
  return bytes === undefined ? text : `${text}, ${formatSize(bytes)}`;
}
