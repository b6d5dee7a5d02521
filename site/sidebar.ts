import type { DefaultTheme } from 'vitepress';

type Page = readonly [title: string, path: string];

/** All pages in the order in which they are read: learning, doing, looking up, understanding. */
const GROUPS: readonly { readonly title: string; readonly pages: readonly Page[] }[] = [
  {
    title: 'Learn',
    pages: [
      ['Overview', 'README.md'],
      ['Your first image', 'docs/first-image.md'],
      ['Your first fleet', 'docs/first-fleet.md'],
      ['All pages', 'docs/README.md'],
    ],
  },
  {
    title: 'Make an image',
    pages: [
      ['Commands by task', 'docs/commands-by-task.md'],
      ['Getting the program', 'docs/install.md'],
      ['What a build needs', 'docs/doctor.md'],
      ['Customise an image', 'docs/customise.md'],
      ['Any base', 'docs/any-base.md'],
      ['Programs of your own in a build', 'docs/hooks.md'],
      ['Registry images', 'docs/bases.md'],
      ['Flavors', 'docs/flavors.md'],
      ['Architectures and boards', 'docs/models.md'],
      ['Kubernetes', 'docs/kubernetes.md'],
      ['Several targets', 'docs/targets.md'],
      ['What a build would do', 'docs/plan.md'],
      ['Engines', 'docs/engines.md'],
      ['Cache, and working offline', 'docs/cache.md'],
      ['Logs', 'docs/logs.md'],
    ],
  },
  {
    title: 'Check and publish',
    pages: [
      ['Describe an artifact', 'docs/inspect.md'],
      ['What makes an image large', 'docs/size.md'],
      ['Prove that it boots', 'docs/prove.md'],
      ['Reproducible builds', 'docs/reproducible.md'],
      ['SBOM and vulnerabilities', 'docs/sbom.md'],
      ['Sign and verify', 'docs/signing.md'],
      ['Push to a registry', 'docs/publishing.md'],
      ['Releases', 'docs/releases.md'],
      ['In a CI', 'docs/ci.md'],
    ],
  },
  {
    title: 'Run nodes',
    pages: [
      ['Boot and install over the network', 'docs/serve-netboot.md'],
      ['The life of a node', 'docs/node.md'],
      ['Build on Kubernetes', 'docs/build-farm.md'],
      ['Upgrade many nodes', 'docs/rollout.md'],
      ['Upgrade the nodes of a cluster', 'docs/node-operations.md'],
      ['Run the operator', 'docs/operator.md'],
      ['Network', 'docs/network.md'],
      ['Trust', 'docs/trust.md'],
      ['Extensions', 'docs/extensions.md'],
    ],
  },
  {
    title: 'Move and repair',
    pages: [
      ['From kairos-init and AuroraBoot', 'docs/migrate.md'],
      ['Troubleshooting by message', 'docs/troubleshooting.md'],
    ],
  },
  {
    title: 'Reference',
    pages: [
      ['Commands', 'docs/commands.md'],
      ['Configuration', 'docs/configuration.md'],
      ['Artifacts', 'docs/artifacts.md'],
      ['Cloud-config', 'docs/cloud-config.md'],
      ['Templates', 'docs/templates.md'],
      ['Errors', 'docs/errors.md'],
      ['Hardware', 'docs/hardware.md'],
      ['What has been shown', 'docs/support.md'],
      ['Changes', 'CHANGELOG.md'],
    ],
  },
  {
    title: 'Explanation',
    pages: [
      ['How a node boots', 'docs/boot.md'],
      ['The contract with Kairos', 'docs/contract.md'],
      ['Threat model', 'docs/threat-model.md'],
      ['Security reports', 'SECURITY.md'],
      ['Compared with others', 'docs/comparison.md'],
      ['Decisions', 'docs/decisions/README.md'],
    ],
  },
  {
    title: 'Contribute',
    pages: [
      ['Contributing', 'CONTRIBUTING.md'],
      ['Architecture', 'ARCHITECTURE.md'],
      ['Inside the pipeline', 'docs/pipeline.md'],
    ],
  },
];

/** The paths of all pages that the sidebar leads to, in its order. */
export const SIDEBAR_PAGES: readonly string[] = GROUPS.flatMap(({ pages }) => pages.map(([, path]) => path));

/** The address of a page on the site, from its path in the project. */
export function pageAddress(path: string): string {
  return `/${path.replace(/(^|\/)README\.md$/, '$1').replace(/\.md$/, '.html')}`;
}

/** The sidebar of every page. */
export function sidebar(): DefaultTheme.SidebarItem[] {
  return GROUPS.map(({ title, pages }) => ({
    text: title,
    collapsed: false,
    items: pages.map(([text, path]) => ({ text, link: pageAddress(path) })),
  }));
}
