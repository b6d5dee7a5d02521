import { describe, expect, test } from 'vitest';
import { FactoryError } from '../../../../../src/common/errors/factory-error.ts';
import { buildError, connectionError } from '../../../../../src/factory/engine/buildkit/buildkit-error.ts';

/** What buildctl 0.34.2 prints; test/integration/buildkit.test.ts makes it print these. */
const SAID = {
  absent:
    'error: failed to list workers: Unavailable: connection error: desc = "transport: Error while dialing: dial unix /nowhere.sock: connect: no such file or directory"',
  authority:
    'error: failed to list workers: Unavailable: connection error: desc = "transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown authority (possibly because of \\"crypto/rsa: verification error\\" while trying to verify candidate authority certificate \\"test\\")"',
  client:
    'error: failed to list workers: Unavailable: write tcp 127.0.0.1:39618->127.0.0.1:46665: write: broken pipe',
  alert:
    'error: failed to list workers: Unavailable: connection error: desc = "error reading server preface: remote error: tls: certificate required"',
  plain:
    'error: failed to list workers: Unavailable: connection error: desc = "error reading server preface: EOF"',
  directory: 'error: directory did not contain one of the needed files: ca.pem or ca.crt',
  key: 'error: could not read certificate/key: tls: failed to find any PEM data in key input',
};

describe('a connection that fails', () => {
  const explained = (said: string, tls?: string) =>
    connectionError(
      { place: 'tcp://host:1', tls },
      new FactoryError('TOOL_FAILED', 'buildctl failed with status 1', { details: [said] }),
    ) as FactoryError;

  test.each([
    [
      SAID.absent,
      undefined,
      'BUILDKIT_UNAVAILABLE',
      'dial unix /nowhere.sock: connect: no such file or directory',
    ],
    [
      SAID.authority,
      '/keys',
      'DAEMON_UNTRUSTED',
      expect.stringContaining('certificate signed by unknown authority'),
    ],
    [SAID.client, '/keys', 'BUILDKIT_UNAVAILABLE', expect.stringContaining('broken pipe')],
    [SAID.alert, '/keys', 'BUILDKIT_UNAVAILABLE', expect.stringContaining('certificate required')],
    [SAID.plain, undefined, 'BUILDKIT_UNAVAILABLE', 'error reading server preface: EOF'],
    [SAID.directory, '/keys', 'BUILDKIT_CONFIG_INVALID', expect.stringContaining('ca.pem or ca.crt')],
    [SAID.key, '/keys', 'BUILDKIT_CONFIG_INVALID', expect.stringContaining('PEM data')],
  ])('%s', (said, tls, code, detail) => {
    expect(explained(said, tls)).toMatchObject({ code, details: [detail] });
  });

  test('the remedy names TLS only where it may be the reason', () => {
    expect(explained(SAID.plain).remedy).toContain('--builder-tls');
    expect(explained(SAID.absent).remedy).not.toContain('--builder-tls');
    expect(explained(SAID.client, '/keys').message).toContain('refuses this client');
  });

  test('other errors stay what they are', () => {
    const interrupted = new FactoryError('INTERRUPTED', 'interrupted');
    expect(connectionError({ place: 'x' }, interrupted)).toBe(interrupted);
  });
});

describe('a build that fails', () => {
  const failed = new FactoryError('TOOL_FAILED', 'buildctl failed with status 1');
  const explained = (
    said: string | undefined,
    part?: { name: string; isInstruction: boolean },
    last: string[] = [],
  ) => buildError('unix:///b', failed, { said, part, last, local: ['/cache/work'] }) as FactoryError;

  test('an instruction', () => {
    const said = 'process "/bin/sh x" did not complete successfully: exit code: 127';
    const error = explained(said, { name: '[1/2] RUN x', isInstruction: true }, ['not found']);
    expect(error).toMatchObject({
      code: 'TOOL_FAILED',
      message: `buildkit: ${said}`,
      details: ['not found'],
    });
    expect(explained('dockerfile parse error on line 2: unknown instruction: X').code).toBe('TOOL_FAILED');
  });

  test('a lost connection', () => {
    for (const said of [
      'failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF',
      'Unavailable: connection error: desc = "transport: Error while dialing: dial unix /b: connect: connection refused"',
    ])
      expect(explained(said)).toMatchObject({
        code: 'BUILDKIT_FAILED',
        message: expect.stringContaining('was lost'),
      });
  });

  test('a full disk, there or here', () => {
    const there = explained('write /data/blob: no space left on device', undefined, [
      'cp: No space left on device',
      'x',
    ]);
    expect(there).toMatchObject({ code: 'BUILDKIT_FAILED', details: ['x'] });
    expect(there.remedy).toContain('buildctl --addr unix:///b prune');
    expect(explained('write /cache/work/1/layout/blobs: no space left on device').code).toBe('DISK_FULL');
  });

  test('a cache in a registry', () => {
    const error = explained('dial tcp 127.0.0.1:9: connect: connection refused', {
      name: 'exporting cache to registry',
      isInstruction: false,
    });
    expect(error.message).toBe(
      'buildkit: exporting cache to registry: dial tcp 127.0.0.1:9: connect: connection refused',
    );
    expect(error.remedy).toContain('cache-to');
  });

  test('anything else', () => {
    expect(explained(undefined)).toMatchObject({
      code: 'BUILDKIT_FAILED',
      message: 'buildkit: buildctl failed with status 1',
    });
    const other = new FactoryError('INTERRUPTED', 'interrupted');
    expect(buildError('x', other, { said: 'y', part: undefined, last: [], local: [] })).toBe(other);
  });
});
