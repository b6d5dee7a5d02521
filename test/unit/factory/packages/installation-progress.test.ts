import { describe, expect, test } from 'vitest';
import { createPackageReader } from '../../../../src/factory/packages/installation-progress.ts';

describe('the output of a package manager', () => {
  test.each([
    [
      'Get:12 http://deb.debian.org/debian bookworm/main amd64 dbus amd64 1.14.10-1 [97.4 kB]',
      'downloading dbus',
    ],
    ['Unpacking dbus (1.14.10-1~deb12u1) ...', 'unpacking dbus'],
    [
      '  Installing       : dbus-1:1.14.10-3.fc40.x86_64                   12/345 ',
      'installing dbus-1:1.14.10-3.fc40.x86_64 (12 of 345)',
    ],
    [
      '[ 12/345] Installing dbus-1:1.14.10-3.f 100% |  12.0 MiB/s | 1.0 MiB |  00m00s',
      'installing dbus-1:1.14.10-3.f (12 of 345)',
    ],
    ['( 12/345) Installing: dbus-1-1.14.10 [..done]', 'installing dbus-1-1.14.10 (12 of 345)'],
    ['(12/345) Installing dbus (1.14.10-r0)', 'installing dbus (12 of 345)'],
    ['I: installing essential packages...', 'installing essential packages'],
    ['Processing triggers for libc-bin (2.36) ...', undefined],
    ['Reading package lists...', undefined],
  ])('%s', (line, text) => {
    expect(createPackageReader()(line)).toBe(text);
  });

  test('of apt says how many packages there are, for each run', () => {
    const read = createPackageReader();
    read('0 upgraded, 2 newly installed, 0 to remove and 0 not upgraded.');
    expect(read('Setting up dbus (1.14) ...')).toBe('setting up dbus (1 of 2)');
    expect(read('Setting up systemd (252) ...')).toBe('setting up systemd (2 of 2)');
    read('1 upgraded, 4 newly installed, 0 to remove and 0 not upgraded.');
    expect(read('Setting up zsh (5.9) ...')).toBe('setting up zsh (1 of 5)');
  });
});
