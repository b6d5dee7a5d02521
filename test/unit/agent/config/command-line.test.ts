import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../../../src/agent/config/command-line.ts';

describe('parseCommandLine', () => {
  it('finds every form of configuration', () => {
    const line = parseCommandLine(
      'root=LABEL=COS_ACTIVE kairos.config_url=http://a/c.yaml?x=1 cos.setup=/oem/x.yaml config_url=http://b ' +
        'kairos.config=install.auto=true kairos.config=users.0.name=kairos stages.boot[0].commands[0]="echo a b"\n',
    );
    expect(line.configUrls).toEqual(['http://a/c.yaml?x=1']);
    expect(line.stageUrls).toEqual(['http://a/c.yaml?x=1', '/oem/x.yaml', 'http://b']);
    expect(line.assignments).toEqual(['install.auto=true', 'users.0.name=kairos']);
    expect(line.stageAssignments).toEqual(['stages.boot.0.commands.0=echo a b']);
  });

  it('ignores other arguments (kairos#1255)', () => {
    const line = parseCommandLine(
      'quiet install.auto=true k3s.enabled=true rd.neednet config_url= url=http://x',
    );
    expect(line).toMatchObject({ configUrls: [], stageUrls: [], assignments: [], stageAssignments: [] });
  });

  it('keeps quoted words together, wherever the quotes start', () => {
    const { assignments } = parseCommandLine(
      '"kairos.config=a=b c" kairos.config="d=e f" kairos.config=g="h i"',
    );
    expect(assignments).toEqual(['a=b c', 'd=e f', 'g=h i']);
  });

  it('keeps brackets in values', () => {
    expect(parseCommandLine('stages.a[0].commands[1]=x[0]').stageAssignments).toEqual([
      'stages.a.0.commands.1=x[0]',
    ]);
  });
});
