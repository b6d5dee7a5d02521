import type { CiService, ProjectFile } from './answers.ts';
import { CLOUD_CONFIG } from './cloud-config-text.ts';
import { HOST_PACKAGES } from './host-packages.ts';

/** A distribution that the tests build on. */
const IMAGE = 'debian:bookworm';
/** The cache as one file, because the store of images has files that a service for CI cannot read (docs/ci.md). */
const CACHE = '.kairos-factory-cache.tar.zst';
/** Where the program comes from: it is not in a public registry under a name that we could write here. */
const PROGRAM = 'KAIROS_FACTORY';

/** The commands that install the program in a bare Debian. */
const INSTALLATION: readonly string[] = [
  'apt-get -q update',
  `apt-get -q -y install --no-install-recommends npm ${HOST_PACKAGES.join(' ')}`,
  `npm install --global node@24 "\${${PROGRAM}:?set this variable to the packed program, a path or a URL}"`,
];

/** The commands from the cache of the last job to the artifacts, and to the cache for the next one. @param flags of the build */
function work(flags = ''): readonly string[] {
  return [
    `kairos-factory cache restore ${CACHE} --if-exists`,
    `kairos-factory validate ${CLOUD_CONFIG} --strict`,
    `kairos-factory build${flags}`,
    'kairos-factory cache prune --max-size 4GiB',
    `kairos-factory cache save ${CACHE}`,
  ];
}

/** The file for the CI of a service. It builds the image at each push, and keeps the artifacts. */
export function ciFile(service: CiService): ProjectFile {
  const purpose = 'CI builds the image at each push';
  return service === 'github'
    ? { path: '.github/workflows/image.yml', text: github(), purpose }
    : { path: '.gitlab-ci.yml', text: gitlab(), purpose };
}

function github(): string {
  return `# Builds the image at each push. The variable ${PROGRAM} of the repository (Settings, Actions, Variables) names the packed
# program: the URL of the file that "npm pack" makes, or its path in this repository.
name: image
on: push
permissions:
  contents: read

jobs:
  image:
    runs-on: ubuntu-24.04
    container:
      image: ${IMAGE}
      # buildah mounts overlays and changes its root.
      options: --privileged
    env:
      ${PROGRAM}: \${{ vars.${PROGRAM} }}
    steps:
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0
        with:
          persist-credentials: false
${INSTALLATION.map(step).join('')}      # After zstd is there: the service finds only what was packed by the same program.
      - uses: actions/cache@0057852bfaa89a56745cba8c7296529d2fc39830 # v4.3.0
        with:
          path: ${CACHE}
          key: kairos-factory-\${{ github.run_id }}
          restore-keys: kairos-factory-
${work(' --summary "$GITHUB_STEP_SUMMARY"').map(step).join('')}      - uses: actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02 # v4.6.2
        with:
          name: image
          path: build
`;
}

function step(command: string): string {
  return `      - run: ${command}\n`;
}

function gitlab(): string {
  return `# Builds the image at each push. The variable ${PROGRAM} of the project (Settings, CI/CD, Variables) names the packed program:
# the URL of the file that "npm pack" makes, or its path in this repository.
os-image:
  # The runner must allow privileged containers: buildah mounts overlays and changes its root.
  image: ${IMAGE}
  cache:
    key: kairos-factory
    paths: [${CACHE}]
  script:
${[...INSTALLATION, ...work()].map((command) => `    - ${command}\n`).join('')}  artifacts:
    paths: [build]
`;
}
