import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DISTRIBUTION_FACTS, type Distribution } from '../../catalog/kubernetes/distribution.ts';
import { type ContextEntry, directoryEntries } from './context-tar.ts';

/** Kubernetes as it goes into an image. */
export interface KubernetesPayload {
  readonly distribution: Distribution;
  readonly version: string;
  readonly files: readonly {
    readonly role: 'program' | 'images';
    readonly name: string;
    /** Where it lies on this machine. */
    readonly path: string;
  }[];
}

/**
 * Where images lie in the read-only root. The directory in which the program looks for them persists, and what an image
 * has there is copied into it at boot (docs/contract.md 2.6): hundreds of megabytes twice, which no upgrade takes away
 * again. So there are links, which lead into whichever system is running.
 */
export const IMAGES_HOME = '/usr/lib/kairos/kubernetes/images';

/**
 * The part of a build context that brings Kubernetes: files, units, settings of the kernel below `kubernetes/`, and the
 * script that finishes it below `kubernetes-build/`.
 * @param serviceManager which trees of units fit
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
