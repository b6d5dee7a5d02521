import { stat } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readGrubVariables, setGrubVariables } from '../../../../src/agent/boot/grub-environment-file.ts';
import { grubEnvironment, parseGrubEnvironment } from '../../../../src/common/contract/grub-environment.ts';
import { testHost } from '../support/test-host.ts';

const FILE = '/oem/grubenv';

describe('an environment block', () => {
  test('survives a round trip with any values', () => {
    const name = fc.stringMatching(/^[a-z_]{1,8}$/);
    const value = fc.stringMatching(/^[ -~äß]{0,30}$/);
    fc.assert(
      fc.property(fc.dictionary(name, value, { maxKeys: 8 }), (variables) => {
        expect(Object.fromEntries(parseGrubEnvironment(grubEnvironment(variables)))).toEqual({
          ...variables,
        });
      }),
    );
  });

  test.each([Buffer.alloc(0), Buffer.alloc(1024), Buffer.concat([grubEnvironment({}), Buffer.from('#')])])(
    'of another form is refused',
    (block) => {
      expect(() => parseGrubEnvironment(block)).toThrow(RangeError);
    },
  );
});

describe('setGrubVariables', () => {
  test('creates a missing file, and later changes it in place', async () => {
    await using host = await testHost();
    await setGrubVariables(host, FILE, { next_entry: 'recovery', saved_entry: 'cos' });
    expect(await host.readBytes(FILE)).toEqual(
      grubEnvironment({ next_entry: 'recovery', saved_entry: 'cos' }),
    );
    await setGrubVariables(host, FILE, { next_entry: undefined });
    expect([...(await readGrubVariables(host, FILE))]).toEqual([['saved_entry', 'cos']]);
  });

  test('starts afresh from a file that GRUB cannot read', async () => {
    await using host = await testHost({ files: { [FILE]: 'garbage' } });
    await setGrubVariables(host, FILE, { next_entry: 'cos' });
    expect(await host.readBytes(FILE)).toEqual(grubEnvironment({ next_entry: 'cos' }));
    expect(host.logged.join('\n')).toContain('not a GRUB environment block');
  });

  test('refuses variables that do not fit, and leaves the file unchanged', async () => {
    await using host = await testHost();
    await setGrubVariables(host, FILE, { a: 'b' });
    await expect(setGrubVariables(host, FILE, { long: 'x'.repeat(1024) })).rejects.toMatchObject({
      kind: 'usage',
    });
    expect([...(await readGrubVariables(host, FILE))]).toEqual([['a', 'b']]);
  });

  test('refuses a file that is not valid UTF-8, with a remedy', async () => {
    await using host = await testHost();
    const head = Buffer.from('# GRUB Environment Block\nx=');
    // Decoded to U+FFFD, each of these takes three bytes.
    const block = Buffer.concat([head, Buffer.alloc(600, 0xff), Buffer.from('\n')]);
    await host.write(FILE, Buffer.concat([block, Buffer.alloc(1024 - block.length, '#')]));
    await expect(setGrubVariables(host, FILE, { next_entry: 'cos' })).rejects.toMatchObject({
      kind: 'usage',
    });
  });

  test('keeps the disk blocks of the file, because GRUB saves to them', async () => {
    await using host = await testHost();
    await setGrubVariables(host, FILE, { a: 'b' });
    const inode = async () => (await stat(host.resolve(FILE))).ino;
    const before = await inode();
    await setGrubVariables(host, FILE, { a: 'c' });
    expect(await inode()).toBe(before);
  });
});
