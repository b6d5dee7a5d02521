import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tool } from '../support/tool.ts';

// The scripts that run inside image builds, for families whose packages cannot be fetched here. dnf, zypper and rpm are
// real, from Debian's packages, with repositories of small packages that the tests create. They run in an overlay of this
// machine's root, inside a mount namespace that ends with them. apk, the agent and OpenRC are stand-ins; the shell and other
// tools are BusyBox's, as on Alpine.

const BUILD = new URL('../../templates/build/', import.meta.url).pathname;
const asRoot = process.getuid?.() === 0;
const WHY = 'needs to be root: mounts an overlay, changes its root';
let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'package-managers-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

async function write(path: string, content: string, mode = 0o644) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  await chmod(path, mode);
}

interface Outcome {
  readonly status: number;
  readonly output: string;
}

async function run(file: string, args: string[]): Promise<Outcome> {
  try {
    const { stdout, stderr } = await promisify(execFile)(file, args, {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    });
    return { status: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status: code, output: stdout + stderr };
  }
}

/** Creates two repositories whose metadata has the given times; the second is disabled. */
async function repositories(directory: string, times: readonly [number, number]) {
  const spec = (name: string, version: number, more: string) =>
    [
      ...[
        `Name: ${name}`,
        `Version: ${version}`,
        'Release: 1',
        'Summary: test',
        'License: MIT',
        'BuildArch: noarch',
        more,
      ],
      ...[
        '%description',
        'test',
        '%install',
        `mkdir -p %{buildroot}/opt/${name} %{buildroot}/usr/share/doc/${name}`,
      ],
      ...[`echo x >%{buildroot}/opt/${name}/file`, `echo x >%{buildroot}/usr/share/doc/${name}/README`],
      ...['%files', `/opt/${name}`, `%doc /usr/share/doc/${name}/README`, ''],
    ].join('\n');
  const packages = {
    'kairos-a': 'Requires: kairos-needed\nRecommends: kairos-weak',
    'kairos-needed': '',
    'kairos-weak': '',
    'kairos-extra': '',
    'kairos-b': 'Requires: kairos-old',
    'kairos-old': '',
  };
  const versions = (name: string) => (name === 'kairos-old' ? [1, 2, 3] : [1]);
  for (const [name, more] of Object.entries(packages)) {
    for (const version of versions(name))
      await write(join(directory, `${name}-${version}.spec`), spec(name, version, more));
    await tool(
      'rpmbuild',
      '-bb',
      '--quiet',
      '--define',
      `_topdir ${directory}/work`,
      ...versions(name).map((version) => join(directory, `${name}-${version}.spec`)),
    );
  }
  for (const [index, name] of (['base', 'extra'] as const).entries()) {
    const place = join(directory, name);
    await mkdir(place);
    for (const key of Object.keys(packages).filter(
      (key) => (key === 'kairos-extra') === (name === 'extra'),
    )) {
      for (const version of versions(key)) {
        const file = `${key}-${version}-1.noarch.rpm`;
        await cp(join(directory, 'work/RPMS/noarch', file), join(place, file));
      }
    }
    await tool('createrepo_c', '-q', '--revision', `${times[index]}`, '--set-timestamp-to-revision', place);
    const enabled = name === 'base' ? 1 : 0;
    const text = `[${name}]\nname=${name}\nbaseurl=file:///srv/${name}\nenabled=${enabled}\ngpgcheck=0\n`;
    await write(join(directory, `repos.d/${name}.repo`), text);
  }
}

describe.skipIf(!asRoot)(`rpm families (${WHY})`, () => {
  const times = [1_750_000_000, 1_760_000_000] as const;
  beforeAll(() => repositories(join(scratch, 'rpm'), times));

  /** Runs `install-PM.sh`, and prints the resulting state. */
  async function install(
    manager: string,
    packages: readonly string[],
    enable: readonly string[] = [],
    { pins = [], base = '' }: { readonly pins?: readonly string[]; readonly base?: string } = {},
  ) {
    const context = await mkdtemp(join(scratch, `${manager}-`));
    await cp(join(BUILD, `install-${manager}.sh`), join(context, 'install.sh'));
    await write(join(context, 'packages'), packages.map((name) => `${name}\n`).join(''));
    await write(join(context, 'repositories'), enable.map((name) => `${name}\n`).join(''));
    await write(join(context, 'repository-packages'), '');
    await write(join(context, 'source-date-epoch'), '');
    if (pins.length > 0) await write(join(context, 'pins'), pins.map((pin) => `${pin}\n`).join(''));
    const script = `set -e
      mount -t tmpfs tmpfs /mnt && mkdir /mnt/upper /mnt/work /mnt/root
      mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root
      mount --bind /dev /mnt/root/dev && mount -t proc proc /mnt/root/proc
      cd /mnt/root && rm -rf var/cache/dnf var/cache/zypp var/lib/rpm var/lib/dnf var/lib/zypp root/.rpmdb
      mkdir -p etc/yum.repos.d etc/zypp build && rm -rf etc/yum.repos.d etc/zypp/repos.d
      cp -r "$1/repos.d" etc/yum.repos.d && cp -r "$1/repos.d" etc/zypp/repos.d
      cp -r "$1/base" "$1/extra" srv/ && cp "$2"/* build/
      [ -z "$3" ] || chroot . rpm -i "/srv/base/$3.rpm"
      status=0; chroot . /bin/sh /build/install.sh || status=$?
      echo "epoch $(cat usr/lib/kairos/source-date-epoch 2>/dev/null)"
      chroot . rpm -qa --qf 'package %{NAME} %{INSTALLTIME}\\n' 'kairos-*' | sort
      chroot . rpm -qa --qf 'version %{NAME} %{EVR}\\n' 'kairos-*' | sort
      echo "locks $(cat etc/zypp/locks 2>/dev/null)"
      echo "database $(cat root/.rpmdb/rpmdb.sqlite var/lib/rpm/rpmdb.sqlite 2>/dev/null | sha256sum)"
      ls usr/share/doc/kairos-a var/cache/dnf var/cache/zypp 2>/dev/null | sed '/:$/d; /^$/d; s/^/left /'
      exit $status`;
    return run('unshare', ['-m', 'sh', '-c', script, 'sh', join(scratch, 'rpm'), context, base]);
  }

  test.each(['dnf', 'zypper'])(
    '%s installs what is named and needed, at the date of the metadata',
    async (manager) => {
      const first = await install(manager, ['kairos-a']);
      expect(first.status, first.output).toBe(0);
      expect(first.output).toContain(`epoch ${times[0]}`);
      expect(first.output).toMatch(/^package kairos-a 17500000\d\d\npackage kairos-needed 17500000\d\d$/m);
      expect(first.output).not.toContain('kairos-weak');
      expect(first.output).not.toContain('left ');
      const second = await install(manager, ['kairos-a']);
      const database = /^database .*$/m;
      expect(database.exec(second.output)?.[0]).toBe(database.exec(first.output)?.[0]);
    },
  );

  test.each([
    ['dnf', /Unable to find a match: kairos-none|No match for argument: kairos-none/],
    ['zypper', /No provider of 'kairos-none' found|'kairos-none' not found in package names/],
  ])('%s fails and reports a package that does not exist', async (manager, message) => {
    const { status, output } = await install(manager, ['kairos-a', 'kairos-none']);
    expect(status).not.toBe(0);
    expect(output).toMatch(message);
  });

  test.each(['dnf', 'zypper'])(
    '%s prefers the versions of the lock where a repository has them',
    async (manager) => {
      const pins = ['kairos-old noarch 2-1', 'kairos-b noarch 7-7', 'kairos-gone noarch 1-1'];
      const newest = await install(manager, ['kairos-b']);
      expect(newest.output).toMatch(/^version kairos-b 1-1\nversion kairos-old 3-1$/m);
      for (const base of ['', 'kairos-old-1-1.noarch', 'kairos-old-3-1.noarch']) {
        const { status, output } = await install(manager, ['kairos-b'], [], { pins, base });
        expect(status, output).toBe(0);
        expect(output).toMatch(/^version kairos-b 1-1\nversion kairos-old 2-1$/m);
        expect(output).toMatch(/^locks $/m);
      }
    },
  );

  test.each(['dnf', 'zypper'])(
    '%s uses a repository that is switched off only when told to',
    async (manager) => {
      expect((await install(manager, ['kairos-extra'])).status).not.toBe(0);
      const { status, output } = await install(manager, ['kairos-extra'], ['extra']);
      expect(status, output).toBe(0);
      expect(output).toContain(`epoch ${times[1]}`);
      expect((await install(manager, ['kairos-a'], ['nowhere'])).output).toMatch(/nowhere/);
    },
  );
});

describe.skipIf(!asRoot)(`with BusyBox's shell and tools (${WHY})`, () => {
  /** A root with BusyBox, and stand-ins for the tools of Alpine or of a distribution with other kernel names. */
  async function busyboxRoot(files: Readonly<Record<string, string>>): Promise<string> {
    const root = await mkdtemp(join(scratch, 'busybox-'));
    const binary = (await tool('sh', '-c', 'command -v busybox')).trim();
    // The flavor installs findutils, because some builds of BusyBox, such as this machine's, lack find -delete.
    const find = (await tool('sh', '-c', 'command -v find')).trim();
    const libraries = (await tool('ldd', binary, find)).match(/\/[^ :]*(?= \()/g) ?? [];
    for (const file of [find, ...libraries]) await cp(file, join(root, file), { dereference: true });
    await cp(binary, join(root, 'bin/busybox'), { dereference: true });
    for (const name of (await tool('busybox', '--list')).trim().split('\n')) {
      await symlink('busybox', join(root, 'bin', name)).catch(() => undefined);
    }
    for (const name of ['depmod', 'rc-update', 'apk', 'find'])
      await rm(join(root, 'bin', name), { force: true });
    const log = (name: string) => `#!/bin/sh\necho "${name} $*" >>/log\n`;
    const standIns = {
      '/usr/bin/kairos-agent': `${log('kairos-agent')}echo initramfs >/boot/initrd\n`,
      '/bin/depmod': log('depmod'),
      '/bin/rc-update': log('rc-update'),
      '/bin/apk': `${log('apk')}[ "$2" != update ] || cp /index.tar.gz /var/cache/apk/APKINDEX.1.tar.gz\n`,
      '/usr/bin/grub-editenv': '#!/bin/sh\n',
    };
    for (const [path, text] of Object.entries(standIns)) await write(join(root, path), text, 0o755);
    const common = {
      '/usr/lib/kairos/source-date-epoch': '1750000000\n',
      '/etc/sudoers.d/90-kairos-admin': '',
      '/etc/shadow': 'root:*::0:::::\nann:!:99999:0:99999:7:::\n',
      '/etc/ssh/ssh_host_rsa_key': 'secret',
      '/var/log/apk.log': 'log',
      '/tmp/left': '',
      '/build/finish/directories': '/boot\n/oem\n/usr/local/.state\n',
      '/build/finish/enable': '',
      '/build/finish/mask': '',
    };
    for (const [path, text] of Object.entries({ ...common, ...files })) await write(join(root, path), text);
    await mkdir(join(root, 'var/cache/apk'), { recursive: true });
    await mkdir(join(root, 'dev'), { recursive: true });
    await tool('mknod', join(root, 'dev/null'), 'c', '1', '3');
    for (const name of await tool('sh', '-c', `ls "${root}/etc/init.d" 2>/dev/null || true`).then((text) =>
      text.split('\n'),
    ))
      if (name) await chmod(join(root, 'etc/init.d', name), 0o755);
    return root;
  }
  const finish = async (root: string) => {
    for (const name of ['finish.sh', 'kernel-file.sh'])
      await cp(join(BUILD, name), join(root, 'build/finish', name));
    return run('chroot', [root, '/bin/sh', '/build/finish/finish.sh']);
  };
  const text = (root: string, path: string) => readFile(join(root, path), 'utf8');

  test('finish.sh turns a root with OpenRC and the kernel vmlinuz-lts into an OS', async () => {
    const inittab =
      'tty1::respawn:/sbin/getty 38400 tty1\ntty2::respawn:/sbin/getty 38400 tty2\n#ttyS0::respawn:x\n';
    const root = await busyboxRoot({
      '/boot/vmlinuz-lts': 'kernel',
      '/boot/config-lts': 'CONFIG_RD_ZSTD=y\n',
      '/boot/initramfs-lts': 'made by mkinitfs',
      '/lib/modules/6.12.50-0-lts/modules.dep': '',
      '/etc/init.d/sshd': '',
      '/etc/inittab': inittab,
      '/build/finish/runlevels': 'boot sshd\n',
      '/build/finish/selinux': 'disabled\n',
    });
    await write(join(root, 'usr/lib/kairos/console'), '#!/bin/sh\n', 0o755);
    const outcome = await finish(root);
    expect(outcome.status, outcome.output).toBe(0);
    const log = await text(root, 'log');
    expect(log).toContain('depmod -a 6.12.50-0-lts');
    expect(log).toContain('kairos-agent make-initramfs 6.12.50-0-lts /boot/initrd');
    expect(log).toContain('rc-update -q add sshd boot');
    // Drivers, in a root without udev.
    expect(log).toContain('rc-update -q add kairos-devices sysinit');
    expect((await tool('sh', '-c', `cd "${root}" && ls boot; readlink boot/vmlinuz`)).split('\n')).toEqual([
      'config-6.12.50-0-lts',
      'config-lts',
      'initrd',
      'vmlinuz',
      'vmlinuz-6.12.50-0-lts',
      'vmlinuz-lts',
      'vmlinuz-6.12.50-0-lts',
    ]);
    expect(await text(root, 'boot/vmlinuz-lts')).toBe('kernel');
    expect((await text(root, 'etc/inittab')).split('\n').sort()).toEqual([
      '',
      'tty1::respawn:/usr/lib/kairos/console tty1',
      'tty2::respawn:/sbin/getty 38400 tty2',
      'ttyS0::respawn:/usr/lib/kairos/console ttyS0',
    ]);
    expect(await text(root, 'etc/shadow')).toBe('root:*::0:::::\nann:!:20254:0:99999:7:::\n');
    expect(
      await tool('sh', '-c', `cd "${root}" && ls -A tmp var/log etc/ssh && ls -d oem usr/local/.state`),
    ).toBe('etc/ssh:\n\ntmp:\n\nvar/log:\noem\nusr/local/.state');
    await expect(tool('ls', join(root, 'build'))).rejects.toThrow();
    expect(await tool('readlink', join(root, 'usr/bin/grub2-editenv'))).toBe('grub-editenv');
  });

  test.each([
    [
      'Fedora, where kernel-install copied nothing',
      '/lib/modules/6.17.1-300.fc43.x86_64/vmlinuz',
      'vmlinuz-6.17.1-300.fc43.x86_64',
    ],
    ['SUSE on arm64', '/boot/Image-6.4.0-150600.23-default', 'Image-6.4.0-150600.23-default'],
    ['Debian', '/boot/vmlinuz-6.12.48-amd64', 'vmlinuz-6.12.48-amd64'],
  ])('finish.sh finds the kernel of %s', async (_, file, link) => {
    const release = link.slice(link.indexOf('-') + 1);
    const root = await busyboxRoot({ [file]: 'kernel', [`/lib/modules/${release}/modules.dep`]: '' });
    const outcome = await finish(root);
    expect(outcome.status, outcome.output).toBe(0);
    expect(await tool('readlink', join(root, 'boot/vmlinuz'))).toBe(link);
    expect(await text(root, 'boot/vmlinuz')).toBe('kernel');
  });

  test('finish.sh boots the newest of several kernels and says so, or the one that a file names', async () => {
    const kernels = {
      '/boot/vmlinuz-6.9.1': 'older',
      '/boot/vmlinuz-6.12.1': 'newer',
      '/lib/modules/6.9.1/modules.dep': '',
      '/lib/modules/6.12.1/modules.dep': '',
    };
    const newest = await busyboxRoot(kernels);
    expect((await finish(newest)).status).toBe(0);
    expect(await text(newest, 'boot/vmlinuz')).toBe('newer');
    expect(await text(newest, 'boot/kairos-notices')).toMatch(
      /the kernels 6\.9\.1 6\.12\.1 and boots 6\.12\.1, the newest; .*\/usr\/lib\/kairos\/kernel/,
    );
    const named = await busyboxRoot({ ...kernels, '/usr/lib/kairos/kernel': '6.9.1\n' });
    expect((await finish(named)).status).toBe(0);
    expect(await text(named, 'boot/vmlinuz')).toBe('older');
    expect(await tool('ls', join(named, 'boot'))).not.toContain('notices');
    const wrong = await finish(await busyboxRoot({ ...kernels, '/usr/lib/kairos/kernel': '6.9\n' }));
    expect([wrong.status, wrong.output]).toEqual([
      1,
      expect.stringContaining('names the kernel 6.9; the image has: 6.9.1 6.12.1'),
    ]);
  });

  test('finish.sh makes the archive of the network on request, and needs dracut where the flavor chose it', async () => {
    const kernel = { '/boot/vmlinuz-1': 'kernel', '/lib/modules/1/modules.dep': '' };
    const netboot = await busyboxRoot({ ...kernel, '/build/finish/netboot': '' });
    expect((await finish(netboot)).status).toBe(0);
    expect(await text(netboot, 'log')).toContain(
      'make-initramfs 1 /boot/initrd --notices /boot/kairos-notices --network /boot/initrd-network',
    );
    const { status, output } = await finish(await busyboxRoot({ ...kernel, '/build/finish/dracut': '' }));
    expect([status, output]).toEqual([1, expect.stringContaining('add its packages to the flavor')]);
  });

  test('keep-modes.sh keeps mode and owner of directories that exist, and follows no link', async () => {
    const root = await busyboxRoot({
      '/root/x': '',
      '/etc/ssl/private/x': '',
      '/outside/x': '',
      '/a b/x': '',
    });
    const set = async (path: string, mode: number, group = 0) => {
      await tool('chown', `0:${group}`, join(root, path));
      await chmod(join(root, path), mode);
    };
    await set('root', 0o700);
    await set('tmp', 0o1777);
    await set('etc/ssl/private', 0o710, 110);
    await set('a b', 0o750);
    await symlink('/outside', join(root, 'link'));
    await cp(join(BUILD, 'keep-modes.sh'), join(root, 'modes/keep-modes.sh'));
    const listed = ['/', '/root', '/tmp', '/etc/ssl/private', '/a b', '/link', '/new', ''].join('\n');
    await write(join(root, 'modes/directories'), listed);
    const keep = (stage: string) => run('chroot', [root, '/bin/sh', '/modes/keep-modes.sh', stage]);
    expect(await keep('save')).toMatchObject({ status: 0 });
    await mkdir(join(root, 'new'), { mode: 0o755 });
    for (const path of ['root', 'tmp', 'etc/ssl/private', 'a b']) await set(path, 0o755);
    await set('outside', 0o711);
    expect(await keep('restore')).toMatchObject({ status: 0 });
    const found = await tool(
      'stat',
      '-c',
      '%a %g %n',
      ...['root', 'tmp', 'etc/ssl/private', 'a b', 'outside', 'new'].map((path) => join(root, path)),
    );
    expect(found.replaceAll(`${root}/`, '').split('\n')).toEqual([
      '700 0 root',
      '1777 0 tmp',
      '710 110 etc/ssl/private',
      '750 0 a b',
      '711 0 outside',
      '755 0 new',
    ]);
  });

  test('collect-kernel.sh works with the find of BusyBox, which a foreign root has', async () => {
    const root = await busyboxRoot({
      '/boot/vmlinuz-6.9.1': 'older',
      '/boot/vmlinuz-6.12.1': 'kernel',
      '/boot/config-6.12.1': 'CONFIG_RD_ZSTD=y\n',
      '/lib/modules/6.9.1/modules.dep': '',
      '/lib/modules/6.12.1/modules.dep': '',
      '/lib/modules/7.0.0-leftover/modules.dep': '',
      '/etc/os-release': 'ID=alpine\n',
      '/kernel/source-date-epoch': '1750000000\n',
    });
    await rm(join(root, (await tool('sh', '-c', 'command -v find')).trim()));
    await symlink('busybox', join(root, 'bin/find'));
    await write(join(root, 'kernel/kairos-agent'), '#!/bin/sh\necho "$*" >/log\necho x >"$5"\n', 0o755);
    for (const name of ['collect-kernel.sh', 'kernel-file.sh'])
      await cp(join(BUILD, name), join(root, 'kernel', name));
    const { status, output } = await run('chroot', [root, '/bin/sh', '/kernel/collect-kernel.sh']);
    expect(status, output).toBe(0);
    const collected = join(root, 'kairos-collected');
    expect(await text(root, 'log')).toBe(
      'make-initramfs --epoch 1750000000 6.12.1 /kairos-collected/boot/initrd --notices /kairos-collected/boot/kairos-notices\n',
    );
    expect(await tool('readlink', join(collected, 'boot/vmlinuz'))).toBe('vmlinuz-6.12.1');
    expect(await tool('ls', join(collected, 'boot'), join(collected, 'modules'))).not.toContain('6.9.1');
    expect(await text(root, 'kairos-collected/boot/kairos-notices')).toMatch(
      /has the kernels 6\.9\.1 6\.12\.1, and the newest, 6\.12\.1, is taken/,
    );
    const late = await tool('find', collected, '-newermt', '@1750000000');
    expect(late).toBe('');
  });

  test('where nothing is installed, finish.sh leaves out services that the base lacks, and says so', async () => {
    const files = {
      '/boot/vmlinuz-1': 'kernel',
      '/lib/modules/1/modules.dep': '',
      '/etc/init.d/crond': '',
      '/etc/init.d/udev': '',
      '/etc/rc.conf': 'rc_parallel="YES"\nrc_sys="lxc"\n',
      '/build/finish/runlevels': 'boot sshd\ndefault crond\n',
    };
    const refused = await finish(await busyboxRoot(files));
    expect(refused.output).toContain('no service sshd for runlevel boot');
    const root = await busyboxRoot({ ...files, '/build/finish/installs-nothing': '' });
    const outcome = await finish(root);
    expect(outcome.status, outcome.output).toBe(0);
    expect(await text(root, 'log')).toContain('rc-update -q add crond default');
    expect(await text(root, 'log')).not.toContain('kairos-devices');
    expect(await text(root, 'boot/kairos-notices')).toContain('the base has no services sshd');
    // OpenRC would take a machine for a container.
    expect(await text(root, 'etc/rc.conf')).toBe('rc_parallel="YES"\nrc_sys=""\n');
  });

  test('finish.sh sets the mode of SELinux, and refuses a mode that could not boot', async () => {
    const kernel = { '/boot/vmlinuz-1': 'kernel', '/lib/modules/1/modules.dep': '' };
    const config = { '/etc/selinux/config': '# comment\nSELINUX=enforcing\nSELINUXTYPE=targeted\n' };
    const with_ = (mode: string) => ({ ...kernel, '/build/finish/selinux': `${mode}\n` });
    const off = await busyboxRoot({ ...with_('disabled'), ...config });
    expect((await finish(off)).status).toBe(0);
    expect(await text(off, 'etc/selinux/config')).toBe('# comment\nSELINUX=disabled\nSELINUXTYPE=targeted\n');
    const permissive = await busyboxRoot({ ...with_('permissive'), ...config });
    expect((await finish(permissive)).status).toBe(0);
    expect(await text(permissive, 'etc/selinux/config')).toContain('\nSELINUX=permissive\n');
    expect((await finish(await busyboxRoot(with_('permissive')))).output).toContain(
      'selinux-policy-targeted',
    );
    const enforcing = await finish(await busyboxRoot({ ...with_('enforcing'), ...config }));
    expect(enforcing.status).toBe(1);
    expect(enforcing.output).toContain('images carry no labels');
  });

  test('finish.sh reports a service that the image does not have', async () => {
    const files = {
      '/boot/vmlinuz-1': 'kernel',
      '/lib/modules/1/modules.dep': '',
      '/build/finish/runlevels': 'boot connman\n',
    };
    const { status, output } = await finish(await busyboxRoot(files));
    expect(status).toBe(1);
    expect(output).toContain('no service connman for runlevel boot');
  });

  test('install-apk.sh pins the locked versions that the archive has, and removes the pins afterwards', async () => {
    const root = await busyboxRoot({
      '/etc/apk/repositories': 'https://mirror.test/v3.22/main\n',
      '/build/install/packages': 'alpine-base\n',
      '/build/install/repositories': '',
      '/build/install/repository-packages': '',
      '/build/install/source-date-epoch': '1750000000',
      '/build/install/pins': 'a x86_64 1.0-r0\nb x86_64 2.0-r1\nc noarch 3-r0\n',
      '/index/APKINDEX': 'C:Q1\nP:a\nV:1.0-r0\nt:1\n\nC:Q1\nP:b\nV:2.0-r2\nt:1\n\nC:Q1\nP:c\nV:3-r0\n',
    });
    await tool('sh', '-c', `cd "${root}/index" && tar cz APKINDEX >../index.tar.gz`);
    await cp(join(BUILD, 'install-apk.sh'), join(root, 'build/install/install-apk.sh'));
    const { status, output } = await run('chroot', [root, '/bin/sh', '/build/install/install-apk.sh']);
    expect(status, output).toBe(0);
    expect((await text(root, 'log')).split('\n').slice(-4)).toEqual([
      'apk -q add --virtual .kairos-pins a=1.0-r0 c=3-r0',
      'apk -q add alpine-base',
      'apk -q del .kairos-pins',
      '',
    ]);
  });

  test('install-apk.sh enables a repository and reads the date of the newest package', async () => {
    const root = await busyboxRoot({
      '/etc/apk/repositories': 'https://mirror.test/v3.22/main\n#https://mirror.test/v3.22/community\n',
      '/build/install/packages': 'alpine-base\nbusybox-static\n',
      '/build/install/repositories': 'community\n',
      '/build/install/repository-packages': '',
      '/build/install/source-date-epoch': '',
      '/index/APKINDEX': 'P:a\nt:1750000000\n\nP:b\nt:1760000000\n\nP:c\nt:1740000000\n',
      '/index/DESCRIPTION': 'v3.22\n',
      '/index/.SIGN.RSA.test': 'signature',
    });
    // In the format of apk's index tool: signature and lists are two gzip members of one tar.
    await tool(
      'sh',
      '-c',
      `cd "${root}/index" && tar cf sign.tar .SIGN.RSA.test && head -c 1024 sign.tar | gzip -n >../index.tar.gz &&
      tar c DESCRIPTION APKINDEX | gzip -n >>../index.tar.gz`,
    );
    await cp(join(BUILD, 'install-apk.sh'), join(root, 'build/install/install-apk.sh'));
    const { status, output } = await run('chroot', [root, '/bin/sh', '/build/install/install-apk.sh']);
    expect(status, output).toBe(0);
    expect(await text(root, 'usr/lib/kairos/source-date-epoch')).toBe('1760000000\n');
    expect(await text(root, 'etc/apk/repositories')).toMatch(/^https:\/\/mirror\.test\/v3\.22\/community$/m);
    expect(await text(root, 'log')).toContain('apk -q add alpine-base busybox-static');
  });
});
