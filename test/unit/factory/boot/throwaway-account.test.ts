import { expect, test } from 'vitest';
import { examineCloudConfig } from '../../../../src/common/cloud-config/validate.ts';
import { accountConfig, makeAccount } from '../../../../src/factory/boot/throwaway-account.ts';
import { tool } from '../../../support/tool.ts';
import { failureOf } from '../../support/failure.ts';
import { realRunner } from '../artifacts/support/runner.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKxyYRLZwYLB5Lzw7pO6GrOckCMdCD0OKSCIb0/63g7u ann@host';

test('an account has a password of its own, of which only the hash leaves the host', async () => {
  const account = makeAccount('ann', [KEY]);
  expect(account.password).toMatch(/^[a-z2-9]{4}(?:-[a-z2-9]{4}){2}$/);
  expect(makeAccount('ann', []).password).not.toBe(account.password);
  const config = await accountConfig(realRunner(), account);
  expect(config).not.toContain(account.password);
  expect(config).toContain(KEY);
  const [, salt, hash] = /passwd: "?(?:\$6\$)([^$]+)\$([^\s"]+)/.exec(config) ?? [];
  expect(await tool('openssl', 'passwd', '-6', '-salt', salt ?? '', account.password)).toBe(
    `$6$${salt}$${hash}`,
  );
  expect(examineCloudConfig('user-data', config).filter(({ severity }) => severity === 'error')).toEqual([]);
});

test.each(['root', 'Ann', '-x', '', 'a b', '1st'])('"%s" is not a name for it', async (name) => {
  const { code } = await failureOf(async () => makeAccount(name, []), 'usage');
  expect(code).toBe('OPTION_INVALID');
});
