import { describe, expect, it } from 'vitest';
import { kubernetesStep } from '../../../../src/agent/stages/builtin/kubernetes.ts';
import { builtinSteps } from '../../../../src/agent/stages/builtin/registry.ts';
import { foreignPart, MARK } from '../../../../src/agent/stages/kubernetes.ts';
import { type TestHost, type TestHostOptions, testHost } from '../support/test-host.ts';

const DROP_IN = '/etc/systemd/system/k3s.service.d/override.conf';
const ENVIRONMENT = '/etc/sysconfig/k3s';
const SENTINEL = '/usr/local/.kairos/deployed';

const node = (config: string, files: TestHostOptions['files'] = {}, options: TestHostOptions = {}) =>
  testHost({
    ...options,
    files: {
      '/proc/cmdline': 'root=LABEL=COS_ACTIVE\n',
      '/usr/bin/k3s': '',
      '/usr/bin/k0s': '',
      '/run/systemd/system/x': '',
      '/oem/90_custom.yaml': `#cloud-config\n${config}\n`,
      ...files,
    },
  });

/** Runs the step as a further boot does. @returns the programs that it ran */
async function boot(host: TestHost, config?: string): Promise<string[]> {
  if (config !== undefined) await host.write('/oem/90_custom.yaml', `#cloud-config\n${config}\n`);
  const before = host.calls.length;
  await kubernetesStep.run(host);
  return host.commands().slice(before);
}

const START = (service: string) => [
  'systemctl daemon-reload',
  `systemctl enable ${service}`,
  `systemctl --no-block restart ${service}`,
];

describe('the Kubernetes step', () => {
  it('runs after the steps of stage network', () => {
    expect(builtinSteps('network.after').map(({ name }) => name)).toContain('kubernetes');
  });

  it('writes and starts the service of a block once', async () => {
    await using host = await node(
      'k3s: {enabled: true, args: ["--disable traefik", --tls-san=x], env: {TOKEN: "a\\"$b", N: 1}, embedded_registry: true}',
    );
    expect(await boot(host)).toEqual(START('k3s'));
    expect(await host.readText(DROP_IN)).toBe(
      [
        MARK,
        '[Service]',
        'EnvironmentFile=-/etc/sysconfig/k3s',
        'ExecStart=',
        'ExecStart=/usr/bin/k3s server --embedded-registry --disable traefik --tls-san=x',
        '',
      ].join('\n'),
    );
    const environment = await host.readText(ENVIRONMENT);
    expect(environment).toContain('TOKEN="a\\"\\$b"\nN="1"\n');
    expect((await host.stat(ENVIRONMENT))?.mode).toBe(0o600);
    expect(await host.readText(SENTINEL)).toMatch(/^k3s [0-9a-f]{64}\n$/);
    expect(await boot(host)).toEqual([]);
  });

  it('writes it again when the block has changed (kairos#3390)', async () => {
    await using host = await node('k3s: {enabled: true, args: [--one]}');
    await boot(host);
    expect(
      await boot(host, 'k3s: {enabled: true, args: [--two], replace_args: true, embedded_registry: true}'),
    ).toEqual(START('k3s'));
    expect(await host.readText(DROP_IN)).toContain('ExecStart=/usr/bin/k3s server --two\n');
  });

  it('writes it again when someone else has changed it', async () => {
    await using host = await node('k3s: {enabled: true}');
    await boot(host);
    await host.write(DROP_IN, 'mine');
    expect(await boot(host)).toEqual(START('k3s'));
    expect(await host.readText(DROP_IN)).toContain(MARK);
  });

  it('repeats an incomplete deployment', async () => {
    let broken = true;
    await using host = await node(
      'k3s: {enabled: true}',
      {},
      {
        run: ({ args }) => (broken && args.includes('enable') ? { status: 1 } : undefined),
      },
    );
    await expect(boot(host)).rejects.toThrow('systemctl failed');
    broken = false;
    expect(await boot(host)).toEqual(START('k3s'));
  });

  it.each(['', 'k3s: {enabled: false, args: [--one]}', 'k3s: {args: [--one]}'])(
    'takes back what it wrote when the configuration is "%s"',
    async (config) => {
      await using host = await node('k3s: {enabled: true}', { [ENVIRONMENT]: 'MINE=1\n' });
      await boot(host);
      expect(await host.readText(ENVIRONMENT)).toContain('MINE=1');
      expect(await boot(host, config)).toEqual(['systemctl disable --now k3s', 'systemctl daemon-reload']);
      expect(await host.readText(DROP_IN)).toBeUndefined();
      expect(await host.readText(ENVIRONMENT)).toBe('MINE=1\n');
      expect(await host.readText(SENTINEL)).toBeUndefined();
      expect(await boot(host)).toEqual([]);
    },
  );

  it('leaves files of others alone', async () => {
    await using host = await node('', { [DROP_IN]: 'mine', [ENVIRONMENT]: 'mine' });
    expect(await boot(host)).toEqual([]);
    expect(await host.readText(DROP_IN)).toBe('mine');
  });

  it('drops foreign variables only with replace_env', async () => {
    await using host = await node('k3s: {enabled: true, env: {A: 1}}', { [ENVIRONMENT]: 'MINE=1' });
    await boot(host);
    expect(await boot(host)).toEqual([]);
    expect(foreignPart((await host.readText(ENVIRONMENT)) ?? '')).toBe('MINE=1\n');
    await boot(host, 'k3s: {enabled: true, env: {A: 1}, replace_env: true}');
    expect(await host.readText(ENVIRONMENT)).not.toContain('MINE');
  });

  it.each([
    ['k3s-agent', 'k3s-agent', '/usr/bin/k3s agent --a', '/etc/sysconfig/k3s-agent'],
    ['k0s', 'k0scontroller', '/usr/bin/k0s controller --a', '/etc/k0s/k0scontroller.env'],
    ['k0s-worker', 'k0sworker', '/usr/bin/k0s worker --a', '/etc/k0s/k0sworker.env'],
  ])('knows %s', async (key, service, command, environment) => {
    await using host = await node(`${key}: {enabled: true, args: [--a]}`);
    expect(await boot(host)).toEqual(START(service));
    expect(await host.readText(`/etc/systemd/system/${service}.service.d/override.conf`)).toContain(
      `ExecStart=${command}\n`,
    );
    expect(await host.readText(environment)).toContain(MARK);
  });

  it('stops one role before it starts the other', async () => {
    await using host = await node('k3s: {enabled: true}');
    await boot(host);
    expect(await boot(host, 'k3s-agent: {enabled: true}')).toEqual([
      'systemctl disable --now k3s',
      'systemctl daemon-reload',
      ...START('k3s-agent'),
    ]);
    expect(await boot(host, 'k3s: {enabled: true}')).toEqual([
      'systemctl disable --now k3s-agent',
      'systemctl daemon-reload',
      ...START('k3s'),
    ]);
  });

  it('configures OpenRC through the environment file', async () => {
    await using host = await node('k3s: {enabled: true, args: [--a]}');
    await host.remove('/run/systemd');
    expect(await boot(host)).toEqual(['rc-update add k3s default', 'rc-service k3s restart']);
    expect(await host.readText('/etc/rancher/k3s/k3s.env')).toContain(
      'command_args="server --a >>/var/log/k3s.log 2>&1"\n',
    );
    expect(await boot(host)).toEqual([]);
    expect(await boot(host, '')).toEqual(['rc-service k3s stop', 'rc-update del k3s default']);
  });

  it.each(['COS_RECOVERY', 'root=live:LABEL=COS_LIVE', 'COS_ACTIVE kairos.reset'])(
    'does nothing with command line "%s"',
    async (line) => {
      await using host = await node('k3s: {enabled: true}', { '/proc/cmdline': line });
      expect(await boot(host)).toEqual([]);
      expect(await host.stat(SENTINEL)).toBeUndefined();
    },
  );

  it.each([
    ['a p2p network', 'p2p: {network_token: x}', {}],
    ['the provider of the field', '', { '/system/providers/agent-provider-kairos': '' }],
  ])('leaves it to %s', async (_, config, files) => {
    await using host = await node(`k3s: {enabled: true}\n${config}`, files);
    expect(await boot(host)).toEqual([]);
  });

  it('leaves a running service alone while the configuration is incomplete', async () => {
    await using host = await node('k3s: {enabled: true}\n');
    await boot(host);
    expect(await boot(host, 'config_url: http://gone/')).toEqual([]);
    expect(await boot(host, 'config_url: http://gone/\nk3s: {enabled: true, args: [--x]}')).toEqual([]);
    expect(host.logged.join('\n')).toContain('k3s is left unchanged');
  });

  it.each([
    ['k3s: {enabled: true}\nk3s-agent: {enabled: true}', 'control plane and as worker'],
    ['k3s: {enabled: true, args: ["a\\nExecStartPre=/bin/evil"]}', 'several lines'],
    ['k3s: {enabled: true, env: {"A B": 1}}', 'is not a valid variable name'],
  ])('refuses %s', async (config, message) => {
    await using host = await node(config);
    await expect(kubernetesStep.run(host)).rejects.toThrow(message);
    expect(host.calls).toEqual([]);
    expect(await host.stat(DROP_IN)).toBeUndefined();
  });

  it('reports that the image lacks the program', async () => {
    await using host = await node('k3s: {enabled: true}');
    await host.remove('/usr/bin/k3s');
    await expect(kubernetesStep.run(host)).rejects.toThrow('this system has no k3s');
  });
});
