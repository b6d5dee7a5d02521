import { describe, expect, test } from 'vitest';
import { credentialNeedles } from '../../../../../src/factory/inspect/audit/build-credentials.ts';
import { auditCloudConfig } from '../../../../../src/factory/inspect/audit/cloud-config.ts';

describe('auditCloudConfig', () => {
  test('reports the lines of plain-text passwords and join tokens, and allows hashes', () => {
    const text = [
      '#cloud-config',
      'users:',
      '  - name: ann',
      '    passwd: kairos',
      '  - name: bob',
      '    passwd: $6$salt$hash',
      '  - name: locked',
      '    passwd: "!"',
      'p2p:',
      '  network_token: abcdef',
      'stages:',
      '  boot:',
      '    - users:',
      '        carol:',
      '          passwd: x',
    ].join('\n');
    expect(auditCloudConfig(text, [])).toEqual({ findings: [], clear: [4, 10, 15] });
  });

  test('finds keys, tokens and credentials of the build, as in an image', () => {
    const token = `ghp_${'A1b2'.repeat(9)}`;
    const text = `#cloud-config\nwrite_files:\n  - path: /a\n    content: ${token}\nhostname: correct-horse\n`;
    expect(auditCloudConfig(text, [Buffer.from('correct-horse')]).findings).toEqual([
      { path: 'cloud-config', kind: 'token', line: 4 },
      { path: 'cloud-config', kind: 'build-credential' },
    ]);
  });
});

describe('credentialNeedles', () => {
  const needles = (sources: Partial<Parameters<typeof credentialNeedles>[0]>) =>
    credentialNeedles({ env: {}, registries: [], urls: [], ...sources }).map(String);

  test('returns passwords of proxies, mirrors and registries, in every form', () => {
    expect(needles({ env: { HTTPS_PROXY: 'http://ann:p%40ssword1@proxy:3128' } })).toEqual([
      Buffer.from('ann:p@ssword1').toString('base64'),
      'p%40ssword1',
      'p@ssword1',
    ]);
    expect(needles({ urls: ['https://ann:passwordx@mirror/debian'] })).toContain('passwordx');
    expect(needles({ registries: [{ kind: 'password', username: 'a', password: 'passwordx' }] })).toContain(
      'passwordx',
    );
    expect(needles({ registries: [{ kind: 'bearer', token: 'abcdefghij' }] })).toEqual(['abcdefghij']);
  });

  test('returns variables with names of secrets, except paths and short values', () => {
    const env = {
      CI_JOB_TOKEN: 'abcdefghijabcdefghij',
      POSTGRES_PASSWORD: 'postgres',
      GITHUB_TOKEN_FILE: 'whatever-it-is-called',
      AWS_SECRET_ACCESS_KEY: '01234567890123456789',
      MY_SECRET: '/run/secrets/of-this-one',
    };
    expect(needles({ env })).toEqual(['01234567890123456789', 'abcdefghijabcdefghij']);
  });
});
