import { type AbsentProgram, HOST_PROGRAMS } from '../../../common/contract/host-programs.ts';
import { type Brought, broughtParts } from '../../image/context/brought-programs.ts';

/** What the person who builds should know about programs that the base lacks: which are brought along, and which are not. */
export function broughtNotices(lacking: readonly AbsentProgram[], brought: Brought | undefined): string[] {
  const helped = new Set(brought?.programs.map(({ name }) => name));
  const lacks = new Set(lacking.map(({ name }) => name).filter((name) => !helped.has(name)));
  const failing = HOST_PROGRAMS.filter(
    ({ name, instead }) => lacks.has(name) && (instead === undefined || lacks.has(instead)),
  );
  const needs = failing.map(({ name, purpose }) => `${name} (to ${purpose})`);
  return [
    ...(brought === undefined ? [] : [broughtNotice(brought)]),
    ...(needs.length === 0
      ? []
      : [`the base lacks programs, and what needs them fails on the node: ${needs.join(', ')}`]),
  ];
}

function broughtNotice(brought: Brought): string {
  const { index, programs, bootLoader } = brought;
  const grub = broughtParts(brought).find(({ name }) => name === 'grub-common');
  const what = [
    ...programs.map(({ name }) => name),
    ...(bootLoader ? [`the boot loader (GRUB ${grub?.version ?? ''})`] : []),
  ];
  return `the base lacks ${what.join(', ')}: those of ${index.distribution} ${index.release} are brought along`;
}
