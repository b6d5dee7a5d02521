import { describe, expect, test } from 'vitest';
import { CONTENT } from '../../../../../src/factory/artifacts/extensions/content.ts';
import {
  checkExtensionRelease,
  checkTarget,
  renderExtensionRelease,
} from '../../../../../src/factory/artifacts/extensions/extension-release.ts';
import { failureOf } from '../../../support/failure.ts';

describe('the release file', () => {
  test('is for any system of the architecture by default', () => {
    expect(renderExtensionRelease(CONTENT.sysext, 'amd64', { serviceReload: false })).toBe(
      'ID=_any\nARCHITECTURE=x86-64\n',
    );
  });

  test('contains the requested target, with the level key of its kind', () => {
    const target = { id: 'debian', version: '12', level: '2.0', serviceReload: true };
    const rest = 'ARCHITECTURE=arm64\nEXTENSION_RELOAD_MANAGER=1\n';
    expect(renderExtensionRelease(CONTENT.sysext, 'arm64', target)).toBe(
      `ID=debian\nVERSION_ID=12\nSYSEXT_LEVEL=2.0\n${rest}`,
    );
    expect(renderExtensionRelease(CONTENT.confext, 'arm64', target)).toContain('CONFEXT_LEVEL=2.0\n');
  });

  test.each([
    [{ id: 'a\nID=b' }, 'id'],
    [{ id: '_other' }, 'id'],
    [{ id: 'debian', version: '"12"' }, 'version'],
    [{ version: '12' }, 'needs the ID of the OS'],
    [{ id: '_any', level: '1' }, 'needs the ID of the OS'],
  ])('refuses the target %j', async (target, what) => {
    const { message } = await failureOf(() => checkTarget({ serviceReload: false, ...target }), 'usage');
    expect(message).toContain(what);
  });

  test('is checked if the content already has one', async () => {
    expect(() => checkExtensionRelease('f', 'ID=_any\n', 'amd64')).not.toThrow();
    expect(() => checkExtensionRelease('f', 'ID=x\nARCHITECTURE="x86-64"\n', 'amd64')).not.toThrow();
    for (const text of ['', 'VERSION_ID=1\n', 'ID=\n', 'ID=x\nARCHITECTURE=arm64\n'])
      await failureOf(() => checkExtensionRelease('f', text, 'amd64'), 'verification');
  });
});
