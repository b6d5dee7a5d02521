import { type Node, parseSync, type ReturnStatement, visitorKeys } from 'oxc-parser';

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);
/** Methods whose result is a promise, whoever has them. */
const CHAINING = new Set(['then', 'catch', 'finally']);

/** What the check knows about the place that it looks at. */
interface Place {
  /** Whether leaving the place disposes of a resource, or runs a `catch` or `finally` of the same function. */
  readonly isGuarded: boolean;
  readonly isAsync: boolean;
}

/**
 * Collects the names that stand for a promise when they are called: functions that are `async` or declare a promise as their
 * result, and members and parameters whose type is such a function. A check without types goes by these names.
 */
export function promiseNames(file: string, source: string): string[] {
  return namesWhere(parseSync(file, source).program, true);
}

/**
 * Finds `return promise` without `await` where it leaves a block with `using`, or a `try`: the resource is released, and the
 * `catch` passed, before the promise has settled. If it fails during the release, nobody listens, and Node.js ends.
 * @param names as {@link promiseNames} collects them
 * @returns the lines, as `LINE: TEXT`
 */
export function unawaitedReturns(file: string, source: string, names: ReadonlySet<string>): string[] {
  const { program } = parseSync(file, source);
  const known = new Set(names);
  // Another file may have a function of the same name that gives a promise.
  for (const name of namesWhere(program, false)) known.delete(name);
  return guardedReturns(program, { isGuarded: false, isAsync: false })
    .filter(({ argument }) => argument !== null && isPromiseValue(argument, known))
    .map(({ start, end }) => {
      const line = source.slice(0, start).split('\n').length;
      return `${line}: ${source.slice(start, end).split('\n')[0]}`;
    });
}

/** The returns of asynchronous functions that leave a guarded place. */
function guardedReturns(node: Node, place: Place): ReturnStatement[] {
  const below = (nodes: readonly (Node | null)[], where: Place) =>
    nodes.flatMap((child) => (child === null ? [] : guardedReturns(child, where)));
  if (FUNCTIONS.has(node.type)) {
    const isAsync = 'async' in node && node.async === true;
    return below(children(node), { isGuarded: false, isAsync });
  }
  switch (node.type) {
    case 'BlockStatement': {
      const first = node.body.findIndex(
        (one) => one.type === 'VariableDeclaration' && /using$/.test(one.kind),
      );
      if (first === -1) return below(node.body, place);
      const guarded = { ...place, isGuarded: true };
      return [...below(node.body.slice(0, first + 1), place), ...below(node.body.slice(first + 1), guarded)];
    }
    case 'TryStatement': {
      const inCatch = { ...place, isGuarded: place.isGuarded || node.finalizer !== null };
      const inTry = below([node.block], { ...place, isGuarded: true });
      return [...inTry, ...below([node.handler], inCatch), ...below([node.finalizer], place)];
    }
    case 'ReturnStatement':
      return [...(place.isGuarded && place.isAsync ? [node] : []), ...below(children(node), place)];
    default:
      return below(children(node), place);
  }
}

/** The names of functions that give a promise, or of those that give none. */
function namesWhere(node: Node, isPromising: boolean): string[] {
  const named = functionNames(node, isPromising);
  return [...named, ...children(node).flatMap((child) => namesWhere(child, isPromising))];
}

function functionNames(node: Node, isPromising: boolean): string[] {
  const isSuch = (value: Node | null) =>
    value !== null && FUNCTIONS.has(value.type) && givesPromise(value) === isPromising;
  switch (node.type) {
    case 'FunctionDeclaration':
      return node.id !== null && isSuch(node) ? [node.id.name] : [];
    case 'VariableDeclarator':
      return isSuch(node.init) ? nameOf(node.id) : [];
    case 'Property':
    case 'MethodDefinition':
      return isPromising && isSuch(node.value) ? nameOf(node.key) : [];
    case 'TSMethodSignature':
      return isPromising && isPromise(node.returnType) ? nameOf(node.key) : [];
    case 'TSPropertySignature':
      return isPromising && isPromiseFunction(node.typeAnnotation) ? nameOf(node.key) : [];
    case 'Identifier':
      return isPromising && isPromiseFunction(node.typeAnnotation) ? [node.name] : [];
    default:
      return [];
  }
}

/** Whether a value may be a promise that nobody has awaited. */
function isPromiseValue(node: Node, names: ReadonlySet<string>): boolean {
  switch (node.type) {
    case 'ConditionalExpression':
      return isPromiseValue(node.consequent, names) || isPromiseValue(node.alternate, names);
    case 'LogicalExpression':
      return isPromiseValue(node.left, names) || isPromiseValue(node.right, names);
    case 'ChainExpression':
    case 'TSNonNullExpression':
    case 'TSAsExpression':
      return isPromiseValue(node.expression, names);
    case 'ImportExpression':
      return true;
    case 'NewExpression':
      return node.callee.type === 'Identifier' && node.callee.name === 'Promise';
    case 'CallExpression':
      return isPromiseCall(node.callee, names);
    default:
      return false;
  }
}

function isPromiseCall(callee: Node, names: ReadonlySet<string>): boolean {
  if (callee.type === 'Identifier') return names.has(callee.name);
  if (FUNCTIONS.has(callee.type)) return givesPromise(callee);
  if (callee.type !== 'MemberExpression') return false;
  if (callee.object.type === 'Identifier' && callee.object.name === 'Promise') return true;
  return nameOf(callee.property).some((name) => CHAINING.has(name) || names.has(name));
}

function givesPromise(node: Node): boolean {
  if (!FUNCTIONS.has(node.type)) return false;
  return ('async' in node && node.async === true) || ('returnType' in node && isPromise(node.returnType));
}

/** Whether an annotation is `Promise<…>`. */
function isPromise(annotation: Node | null | undefined): boolean {
  if (annotation?.type !== 'TSTypeAnnotation') return false;
  const { typeAnnotation: type } = annotation;
  return type.type === 'TSTypeReference' && nameOf(type.typeName).includes('Promise');
}

/** Whether an annotation is a function that returns a promise. */
function isPromiseFunction(annotation: Node | null | undefined): boolean {
  if (annotation?.type !== 'TSTypeAnnotation') return false;
  const { typeAnnotation: type } = annotation;
  return type.type === 'TSFunctionType' && isPromise(type.returnType);
}

function nameOf(node: Node): string[] {
  return node.type === 'Identifier' ? [node.name] : [];
}

function children(node: Node): Node[] {
  const all = (visitorKeys[node.type] ?? []).flatMap((key) => Reflect.get(node, key) as Node | Node[] | null);
  return all.filter((child) => child !== null && child !== undefined);
}
