import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { operatorManifests } from '../../../../scripts/operator-manifests.ts';

const OPERATOR = join(import.meta.dirname, '../../../../deploy/operator');
const read = (path: string) => readFileSync(join(OPERATOR, path), 'utf8');

// If this fails, run: npm run docs
test.each([...operatorManifests()])('deploy/operator/%s matches the schemas', (path, text) => {
  expect(read(path)).toBe(text);
});

test('no definition is left over from a kind that is gone', () => {
  const files = ['crds', 'chart/crds'].flatMap((place) =>
    readdirSync(join(OPERATOR, place)).map((name) => `${place}/${name}`),
  );
  expect(files.sort()).toEqual([...operatorManifests().keys()].sort());
});

test('base and chart give the operator the same rights, and none to read secrets', () => {
  const rules = (path: string) =>
    parseAllDocuments(read(path).replaceAll('{{ .Release.Namespace }}', 'kairos-factory')).map((document) =>
      document.toJS(),
    );
  expect(rules('chart/templates/roles.yaml')).toEqual(rules('base/roles.yaml'));
  expect(JSON.stringify(rules('base/roles.yaml'))).not.toMatch(/secrets|"\*"|escalate|bind"|impersonate/);
});

test('the operator runs restricted', () => {
  const [deployment] = parseAllDocuments(read('base/deployment.yaml')).map((document) => document.toJS());
  const pod = deployment.spec.template.spec;
  expect(pod.securityContext).toMatchObject({
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  });
  expect(pod.containers[0].securityContext).toEqual({
    ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
  });
  expect(pod.containers[0].args).toContain('--lease=$(NAMESPACE)/kairos-factory-operator');
});
