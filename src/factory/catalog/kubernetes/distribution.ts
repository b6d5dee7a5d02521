/** The Kubernetes distributions that an image can have (docs/contract.md 8.1). */
export const DISTRIBUTIONS = ['k3s', 'k0s'] as const;
export type Distribution = (typeof DISTRIBUTIONS)[number];

/** The differences between distributions. */
interface DistributionFacts {
  /** Pattern of its versions, and an example. */
  readonly version: RegExp;
  readonly example: string;
  /** URL of its releases; each release is a directory named by its version. */
  readonly releases: string;
  /** File names in a release: the program, the checksum list (`sha256sum` format), the air-gap images. */
  readonly program: (version: string, arch: string) => string;
  readonly checksums: (arch: string) => string;
  /** The first of them in the checksum list is used. */
  readonly airgap: (version: string, arch: string) => readonly string[];
  /** The directory from which it loads images at startup (docs/contract.md 8.3; k0s documentation, "Airgap install"). */
  readonly images: string;
  /** Extensions of image files that it loads; any when absent. */
  readonly endings?: readonly string[];
}

/** Source of names and places: the installers of both projects (get.k3s.io, get.k0s.sh) and their release pages. */
export const DISTRIBUTION_FACTS: Readonly<Record<Distribution, DistributionFacts>> = {
  k3s: {
    version: /^v\d+\.\d+\.\d+(-[0-9a-z.]+)?\+k3s\d+$/,
    example: 'v1.34.1+k3s1',
    releases: 'https://github.com/k3s-io/k3s/releases/download',
    program: (_, arch) => (arch === 'amd64' ? 'k3s' : `k3s-${arch}`),
    checksums: (arch) => `sha256sum-${arch}.txt`,
    airgap: (_, arch) => [`k3s-airgap-images-${arch}.tar.zst`],
    images: '/var/lib/rancher/k3s/agent/images',
    endings: ['.tar', '.tar.lz4', '.tar.bz2', '.tbz', '.tar.gz', '.tgz', '.tar.zst', '.tzst', '.txt'],
  },
  k0s: {
    version: /^v\d+\.\d+\.\d+(-[0-9a-z.]+)?\+k0s\.\d+$/,
    example: 'v1.34.1+k0s.0',
    releases: 'https://github.com/k0sproject/k0s/releases/download',
    program: (version, arch) => `k0s-${version}-${arch}`,
    checksums: () => 'sha256sums.txt',
    // Newer releases have the second form.
    airgap: (version, arch) => [
      `k0s-airgap-bundle-${version}-${arch}`,
      `k0s-airgap-bundle-${version}-linux-${arch}.tar`,
    ],
    images: '/var/lib/k0s/images',
  },
};
