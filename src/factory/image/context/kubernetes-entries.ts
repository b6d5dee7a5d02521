import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DISTRIBUTION_FACTS, type Distribution } from '../../catalog/kubernetes/distribution.ts';
import { type ContextEntry, directoryEntries } from './context-tar.ts';

/** The Kubernetes distribution to put into an image. */
export interface KubernetesPayload {
  readonly distribution: Distribution;
  readonly version: string;
  readonly files: readonly {
    readonly role: 'program' | 'images';
    readonly name: string;
    /** Path on the host. */
    readonly path: string;
  }[];
}

/**
 * Directory of the container images in the read-only root. The directory in which the distribution looks for them is
 * persistent, and its content is copied there at boot (docs/contract.md 2.6): hundreds of megabytes a second time, which
 * no upgrade removes. Links avoid that; they resolve into whichever system is running.
 */
export const IMAGES_HOME = '/usr/lib/kairos/kubernetes/images';

/**
 * The context entries that install Kubernetes: files, units and kernel settings below `kubernetes/`, and the script that
 * completes the installation below `kubernetes-build/`.
 * @param serviceManager decides between systemd units and OpenRC scripts
 */
export function kubernetesEntries(
  templates: string,
  serviceManager: string,
  payload: KubernetesPayload,
): ContextEntry[] {
  const { distribution, version, files } = payload;
  const root = 'kubernetes';
  const trees = ['common', `${distribution}/${serviceManager}`].map((name) =>
    join(templates, 'kubernetes', name),
  );
  return [
    ...trees.filter((tree) => existsSync(tree)).flatMap((tree) => directoryEntries(tree, root)),
    ...files.flatMap(({ role, name, path }): ContextEntry[] => {
      const target = role === 'program' ? `/usr/bin/${name}` : `${IMAGES_HOME}/${name}`;
      const file: ContextEntry = {
        type: 'file',
        path: `${root}${target}`,
        source: path,
        mode: role === 'program' ? 0o755 : 0o644,
        size: statSync(path).size,
      };
      const link = `${root}${DISTRIBUTION_FACTS[distribution].images}/${name}`;
      return role === 'program' ? [file] : [file, { type: 'symlink', path: link, target }];
    }),
    { type: 'text', path: 'kubernetes-build/program', text: `${distribution}\n`, mode: 0o644 },
    { type: 'text', path: 'kubernetes-build/version', text: `${version}\n`, mode: 0o644 },
    {
      type: 'text',
      path: 'kubernetes-build/kubernetes.sh',
      text: readFileSync(join(templates, 'build/kubernetes.sh'), 'utf8'),
      mode: 0o755,
    },
  ];
}
