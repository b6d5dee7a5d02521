import { expect, test } from 'vitest';
import { renderTemplateCommand } from '../../../../src/agent/commands/render-template.ts';
import { testHost } from '../support/test-host.ts';

async function render(text: string | undefined): Promise<string> {
  await using host = await testHost({
    env: { GREETING: 'hello' },
    files: { '/proc/sys/kernel/hostname': 'node-1\n', ...(text === undefined ? {} : { '/t.tmpl': text }) },
  });
  const printed: string[] = [];
  const command = renderTemplateCommand({ host, out: (part) => void printed.push(part) });
  await command.exitOverride().parseAsync(['-f', '/t.tmpl'], { from: 'user' });
  return printed.join('');
}

test('a template is expanded with the values of the node', async () => {
  expect(await render('{{ env "GREETING" }} {{ .Values.node.hostname }} {{ now | date "2006" }}\n')).toBe(
    'hello node-1 2026\n',
  );
});

test('the configuration and the state can be used', async () => {
  await using host = await testHost({
    files: {
      '/oem/a.yaml': '#cloud-config\noptions: {site: north}\n',
      '/t.tmpl': '{{ .Config.options.site }} {{ .State.boot }}',
    },
  });
  const printed: string[] = [];
  const command = renderTemplateCommand({ host, out: (part) => void printed.push(part) });
  await command.exitOverride().parseAsync(['-f', '/t.tmpl'], { from: 'user' });
  expect(printed.join('')).toMatch(/^north \w+$/);
});

test('an error gives file, line and column', async () => {
  await expect(render('a\n{{ .x | nope }}')).rejects.toThrow(
    'template: 2:9: function "nope" is not supported',
  );
});

test('a missing file is an error', async () => {
  await expect(render(undefined)).rejects.toMatchObject({
    kind: 'usage',
    message: '/t.tmpl does not exist',
  });
});
