import { FactoryError } from '../../errors/factory-error.ts';

const REMEDY = 'Correct the template; docs/templates.md lists the available values and functions.';

/** Returns an error at a position of a template: `template: LINE:COL: MESSAGE`, both counted from 1. */
export function templateError(source: string, offset: number, message: string): FactoryError {
  const before = source.slice(0, offset);
  const line = before.split('\n').length;
  const column = [...before.slice(before.lastIndexOf('\n') + 1)].length + 1;
  return new FactoryError('TEMPLATE_INVALID', `template: ${line}:${column}: ${message}`, {
    remedy: REMEDY,
  });
}
