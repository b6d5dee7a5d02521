import type { CommandName } from '../command-names.ts';
import { FLEET_GUIDES } from './fleet-guides.ts';
import type { Guide } from './guide.ts';

const OCI = 'build/kairos-debian-12-core-amd64-generic-v0.0.0.oci';

/** The guide of each command. */
export const GUIDES: Readonly<Record<CommandName, Guide>> = {
  init: {
    examples: [
      { what: 'Answer some questions, and write the files here', line: 'init' },
      {
        what: 'Write them to fleet without a question, with a file for the CI of GitHub',
        line: 'init fleet --flavor debian --ssh-key ~/.ssh/id_ed25519.pub --ci github',
      },
    ],
    pages: ['configuration', 'cloud-config'],
  },
  flavors: {
    examples: [
      { what: 'List the flavors and their releases', line: 'flavors' },
      { what: 'Show a flavor with everything that it inherits', line: 'flavors show debian' },
      { what: 'Copy a flavor for editing', line: 'flavors eject debian --output my.yaml' },
    ],
    pages: ['flavors'],
  },
  validate: {
    examples: [
      { what: 'Check a cloud-config, as build --cloud-config does', line: 'validate node.yaml' },
      { what: 'Treat warnings as errors, for CI', line: 'validate node.yaml --strict' },
    ],
    pages: ['cloud-config'],
  },
  doctor: {
    examples: [
      { what: 'Report on what the program needs in general', line: 'doctor' },
      { what: 'Report on what a build needs', line: 'doctor --flavor debian --artifact iso' },
      { what: 'Install what is missing, after a question', line: 'doctor --flavor debian --fix' },
      { what: 'Report to a program; the exit code is 3 if something is missing', line: 'doctor --json' },
    ],
    pages: ['doctor'],
  },
  build: {
    examples: [
      { what: 'Build all artifacts of Debian in build/', line: 'build --flavor debian' },
      {
        what: 'Build an installation medium that carries the configuration of the nodes',
        line: 'build --flavor debian --artifact iso --cloud-config node.yaml',
      },
      { what: 'Show what a build would do', line: 'build --flavor debian --plan' },
      { what: 'Start from an image of your own', line: 'build --base registry.example.com/team/base:v1' },
    ],
    pages: ['configuration', 'targets', 'bases', 'any-base', 'artifacts'],
  },
  artifacts: {
    examples: [
      {
        what: 'Make an installation medium of an image in a registry',
        line: 'artifacts --image registry.example.com/team/os:v1 --artifact iso',
      },
      {
        what: 'Make another artifact of an earlier build',
        line: `artifacts --image oci:${OCI} --artifact qcow2 --output again`,
      },
    ],
    pages: ['artifacts'],
  },
  lock: {
    examples: [
      {
        what: 'Record the digest of a base',
        line: 'lock --flavor debian --base debian:12',
      },
      {
        what: 'Renew it, when the tag names a newer image',
        line: 'lock --flavor debian --base debian:12 --update',
      },
    ],
    pages: ['bases', 'reproducible'],
  },
  context: {
    examples: [
      {
        what: 'Write the folder context, which docker build can use',
        line: 'context --flavor debian --kernel cloud --output context',
      },
    ],
    pages: ['any-base'],
  },
  sysext: {
    examples: [
      { what: 'Make tools.sysext.raw of a directory', line: 'sysext tools --from dir:tools' },
      {
        what: 'Sign it with dm-verity',
        line: 'sysext tools --from dir:tools --sign-key verity.key --certificate verity.crt',
      },
    ],
    pages: ['extensions'],
  },
  confext: {
    examples: [
      {
        what: 'Make site.confext.raw of a directory',
        line: 'confext site --from dir:site --output extensions',
      },
    ],
    pages: ['extensions'],
  },
  boot: {
    examples: [
      { what: 'Boot a disk image, with an account to log in', line: 'boot build/*.qcow2 --user' },
      { what: 'Install from a medium to a new disk', line: 'boot build/*.iso --disk node.qcow2' },
      {
        what: 'Keep what the node writes, and show its web server on port 8080',
        line: 'boot build/*.qcow2 --user --persist node.qcow2 --forward 8080:80',
      },
    ],
    pages: ['boot', 'artifacts'],
  },
  ssh: {
    examples: [
      { what: 'Log in to the machine that was started last', line: 'ssh' },
      { what: 'Show what runs there', line: 'ssh -- systemctl list-units --failed' },
    ],
    pages: ['boot'],
  },
  'serve-netboot': {
    examples: [
      {
        what: 'Serve the artifact netboot of a build beside the DHCP server of the network',
        line: 'serve-netboot build',
      },
      {
        what: 'Be the DHCP server of a network of its own, and install its machines',
        line: 'serve-netboot build --interface eth1 --dhcp-range 192.0.2.100-192.0.2.200 --cloud-config node.yaml',
      },
    ],
    pages: ['serve-netboot', 'artifacts'],
  },
  prove: {
    examples: [
      { what: 'Boot the artifacts of a build', line: 'prove build' },
      {
        what: 'Install, upgrade and fall back, on BIOS and UEFI',
        line: 'prove build --firmware bios,uefi --life boot,install,upgrade,fallback',
      },
    ],
    pages: ['prove'],
  },
  ...FLEET_GUIDES,
  sign: {
    examples: [
      { what: 'Sign the output of a build', line: 'sign build --key release.key' },
      {
        what: 'Sign an image in a registry',
        line: 'sign registry.example.com/team/os:v1 --key release.key',
      },
    ],
    pages: ['signing'],
  },
  verify: {
    examples: [
      {
        what: 'Verify a build and an image',
        line: 'verify build registry.example.com/team/os:v1 --key release.pub',
      },
      {
        what: 'Accept only what is proven to boot and to upgrade',
        line: 'verify build --key release.pub --require-proof boot,upgrade',
      },
    ],
    pages: ['signing', 'trust'],
  },
  'verify-repro': {
    examples: [
      { what: 'Build twice and compare', line: 'verify-repro --flavor debian --snapshot 2026-01-31' },
    ],
    pages: ['reproducible'],
  },
  push: {
    examples: [
      {
        what: 'Push the image of a build, and its installation medium',
        line: 'push build --to registry.example.com/team/os:v1.2.3 --artifacts iso',
      },
    ],
    pages: ['publishing'],
  },
  release: {
    examples: [
      {
        what: 'Build all targets, and make the folder of a release',
        line: 'release --config release.yaml --output releases/v1.2.3',
      },
    ],
    pages: ['releases'],
  },
  plan: {
    examples: [
      { what: 'Show the steps of a build, with time and size', line: 'plan --flavor debian' },
      { what: 'Plan some targets of a configuration', line: 'plan --config targets.yaml --only edge --json' },
      { what: 'Draw the graph of the steps', line: 'plan --flavor debian --mermaid' },
    ],
    pages: ['plan', 'pipeline', 'cache'],
  },
  logs: {
    examples: [
      { what: 'List the logs, the newest first', line: 'logs' },
      { what: 'Show the newest log', line: 'logs 1' },
      { what: 'Show what the last build of the image printed', line: 'logs image' },
    ],
    pages: ['logs'],
  },
  cache: {
    examples: [
      { what: 'Show how large the parts of the cache are', line: 'cache du' },
      { what: 'Remove what nothing uses', line: 'cache prune' },
      { what: 'Show what was not used for a month', line: 'cache prune --older-than 30d --dry-run' },
      { what: 'Keep the cache below a size, for CI', line: 'cache prune --max-size 10GiB' },
      { what: 'Write it into one file, which CI keeps for the next job', line: 'cache save cache.tar.zst' },
      { what: 'Start the next job with it', line: 'cache restore cache.tar.zst --if-exists' },
    ],
    pages: ['cache', 'ci'],
  },
  inspect: {
    examples: [
      { what: 'Describe an artifact', line: 'inspect build/*.iso' },
      { what: 'Describe the output of a build', line: 'inspect build' },
      {
        what: 'Describe an image in a registry without downloading its layers',
        line: 'inspect registry.example.com/team/os:v1 --no-content',
      },
    ],
    pages: ['inspect'],
  },
  size: {
    examples: [
      { what: 'Show what makes the image of a build large', line: 'size build' },
      { what: 'Show what grew since another build', line: 'size build --compare releases/v1.2.3' },
      { what: 'Fail in CI if the image is too large', line: 'size build --budget 900MiB' },
    ],
    pages: ['size'],
  },
  check: {
    examples: [{ what: 'Check the image of a build', line: `check oci:${OCI}` }],
    pages: ['any-base', 'contract'],
  },
  diff: {
    examples: [
      { what: 'Compare two builds', line: 'diff build/old.oci build/new.oci' },
      { what: 'Show every file', line: 'diff old new --all' },
    ],
    pages: ['reproducible'],
  },
  completion: {
    examples: [
      {
        what: 'For bash, with the package bash-completion',
        line: 'completion bash > ~/.local/share/bash-completion/completions/kairos-factory',
      },
      { what: 'For zsh, in a directory of fpath', line: 'completion zsh > ~/.zfunc/_kairos-factory' },
      { what: 'For fish', line: 'completion fish > ~/.config/fish/completions/kairos-factory.fish' },
    ],
    pages: ['commands'],
  },
  help: {
    examples: [{ what: 'Show the options and examples of build', line: 'help build' }],
    pages: ['commands'],
  },
};
