import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ipxeScript } from '../../../../src/factory/artifacts/ipxe-script.ts';
import { netboot } from '../../../../src/factory/artifacts/netboot.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { artifactContext, artifactInputs, artifactsSpec, plantBootFiles } from './support/inputs.ts';

const RELEASE = { KAIROS_FLAVOR: 'debian', KAIROS_FLAVOR_RELEASE: '12', KAIROS_VERSION: 'v1.2.3' };
const DIGEST = 'ab'.repeat(32);

/** Makes the files below a directory, named after `os`. */
async function make({ config, network = 'net!!' }: { config?: string; network?: string | null } = {}) {
  const home = temporaryDirectory();
  const files = { ...plantBootFiles(home) };
  if (network !== null) {
    files['boot/networkInitrd'] = join(home, 'network');
    writeFileSync(join(home, 'network'), network);
  }
  const cloudConfig = config === undefined ? undefined : join(home, 'given.yaml');
  if (cloudConfig !== undefined) writeFileSync(cloudConfig, config ?? '');
  const inputs = artifactInputs(files, { digest: () => DIGEST, spec: artifactsSpec({ cloudConfig }) });
  const at = (suffix: string) => join(home, `os${suffix}`);
  await netboot.make(
    { ...inputs, facts: { ...inputs.facts, release: RELEASE } },
    artifactContext({ output: at('.ipxe'), scratch: home, companion: at }),
  );
  return { at, text: (suffix: string) => readFileSync(at(suffix), 'latin1') };
}

describe('netboot', () => {
  test('has the kernel, and one initramfs of both archives, which begin at multiples of four bytes', async () => {
    const { text } = await make();
    expect(text('-kernel')).toBe('this is kernel\n');
    expect(text('-initrd')).toBe('this is initrd\n\0net!!\0\0\0');
  });

  test('has a script that finds the files beside it, and gives the digest of the squashfs', async () => {
    const { text, at } = await make();
    expect(text('.ipxe')).toMatch(/^#!ipxe\n/);
    expect(text('.ipxe')).toMatch(
      new RegExp(
        `root=live:\\$\\{base\\}kairos-debian-12-\\S*v1\\.2\\.3\\.squashfs rd\\.live\\.sha256=${DIGEST} `,
      ),
    );
    expect(text('.ipxe')).toContain(' console=ttyS0 console=tty1 selinux=0 install-mode');
    expect(text('.ipxe')).not.toContain('config_url');
    expect(existsSync(at('-config.yaml'))).toBe(false);
  });

  test('has the cloud-config, if there is one', async () => {
    const { text } = await make({ config: '#cloud-config\nhostname: a\n' });
    expect(text('-config.yaml')).toBe('#cloud-config\nhostname: a\n');
    expect(text('.ipxe')).toMatch(/ kairos\.config_url=\$\{base\}kairos-debian-12-\S*-config\.yaml\n/);
  });

  test('of an image without drivers of network cards is refused, with what to do', async () => {
    await expect(make({ network: null })).rejects.toMatchObject({
      code: 'IMAGE_INCOMPLETE',
      remedy: expect.stringContaining('--netboot'),
    });
  });
});

test('the script has each file once, by its own name', () => {
  expect(
    ipxeScript({ name: 'os', sha256: DIGEST, line: ['console=ttyS0'], config: 'os-config.yaml' }),
  ).toBe(`#!ipxe
# Boots from the directory of this script; set the variable "base" to boot from another one, with a slash at its end.
isset \${base} || set base \${cwduri}
isset \${base} || goto nowhere
echo Loading os from \${base}
kernel \${base}os-kernel initrd=os-initrd root=live:\${base}os.squashfs rd.live.sha256=${DIGEST} ip=dhcp BOOTIF=01-\${netX/mac:hexhyp} netboot rd.cos.disable rd.live.overlay.overlayfs net.ifnames=1 console=ttyS0 kairos.config_url=\${base}os-config.yaml
initrd \${base}os-initrd
boot
:nowhere
echo This iPXE does not know where the script is from. Set "base" before it: set base http://SERVER/DIRECTORY/
sleep 60
exit 1
`);
});
