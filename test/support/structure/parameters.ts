import { type Node, parseSync, Visitor } from 'oxc-parser';

/** The most positional parameters that read well at a call. */
const LIMIT = 3;

/**
 * Finds function declarations that should take named options: those with more than three parameters, or with a boolean.
 * @returns their names
 */
export function unnamedOptions(file: string, source: string): string[] {
  const found: string[] = [];
  const visitor = new Visitor({
    FunctionDeclaration(node) {
      const isLong = node.params.length > LIMIT;
      if (isLong || node.params.some(isBoolean)) found.push(node.id?.name ?? 'default');
    },
  });
  visitor.visit(parseSync(file, source).program);
  return found;
}

function isBoolean(parameter: Node): boolean {
  if (parameter.type === 'AssignmentPattern') {
    const { left, right } = parameter;
    return isBoolean(left) || (right.type === 'Literal' && typeof right.value === 'boolean');
  }
  if (!('typeAnnotation' in parameter)) return false;
  return parameter.typeAnnotation?.type === 'TSTypeAnnotation'
    ? parameter.typeAnnotation.typeAnnotation.type === 'TSBooleanKeyword'
    : false;
}
