import { type Budget, createBudget } from './budget.ts';
import { formatValue } from './format.ts';
import type { FunctionContext, TemplateFunction } from './function.ts';
import type { Block, Command, Node, Operand, ParsedTemplate, Pipe } from './nodes.ts';
import { templateError } from './position.ts';
import { iterate } from './range.ts';
import { isDict, isList, isTrue, kindOf, typeOf, type Value } from './value.ts';

/** Maximum nesting of templates; deeper ones would exhaust the stack. */
const MAX_DEPTH = 100;

/** The environment, the clock and the functions of an expansion. */
export interface EvaluateOptions extends Pick<FunctionContext, 'env' | 'now'> {
  readonly functions: ReadonlyMap<string, TemplateFunction>;
}

interface Variable {
  readonly name: string;
  value: Value;
}

interface State extends EvaluateOptions {
  readonly template: ParsedTemplate;
  readonly budget: Budget;
  readonly output: string[];
  /** Innermost last. */
  readonly variables: Variable[];
  readonly depth: number;
}

type Jump = 'break' | 'continue' | undefined;

/** Evaluates a template with `data` as `.` (Go text/template). @throws FactoryError `usage` with line and column */
export function evaluateTemplate(template: ParsedTemplate, data: Value, options: EvaluateOptions): string {
  const variables = [{ name: '$', value: data }];
  const state: State = { ...options, template, budget: createBudget(), output: [], variables, depth: 0 };
  walk(state, data, template.nodes);
  return state.output.join('');
}

function walk(state: State, dot: Value, nodes: readonly Node[]): Jump {
  for (const node of nodes) {
    const jump = step(state, dot, node);
    if (jump) return jump;
  }
  return undefined;
}

function step(state: State, dot: Value, node: Node): Jump {
  switch (node.kind) {
    case 'text':
      write(state, node.at, node.text);
      return undefined;
    case 'action': {
      const value = evaluatePipe(state, dot, node.pipe);
      if (node.pipe.variables.length === 0) write(state, node.at, printed(state, node.at, value));
      return undefined;
    }
    case 'if':
    case 'with':
      return scoped(state, () => {
        const value = evaluatePipe(state, dot, node.pipe);
        const inner = node.kind === 'with' ? value : dot;
        return isTrue(value) ? walk(state, inner, node.body) : walk(state, dot, node.otherwise);
      });
    case 'range':
      return scoped(state, () => walkRange(state, dot, node));
    case 'template':
      callTemplate(state, dot, node);
      return undefined;
    default:
      return node.kind;
  }
}

/** Runs `perform`, and removes the variables that it declared. */
function scoped<T>({ variables }: State, perform: () => T): T {
  const { length } = variables;
  const result = perform();
  variables.length = length;
  return result;
}

function walkRange(state: State, dot: Value, node: Block): Jump {
  const value = evaluatePipe(state, dot, { ...node.pipe, variables: [] });
  const { at, pipe } = node;
  const pairs = iterate(value, pipe.variables.length, (message) => fail(state, at, message));
  let empty = true;
  for (const [key, item] of pairs) {
    empty = false;
    spend(state, at, 0);
    const jump = scoped(state, () => {
      const values = pipe.variables.length === 1 ? [item] : [key, item];
      for (const [index, name] of pipe.variables.entries()) {
        setVariable(state, pipe, { name, value: values[index] });
      }
      return walk(state, item, node.body);
    });
    if (jump === 'break') break;
  }
  return empty ? walk(state, dot, node.otherwise) : undefined;
}

function callTemplate(state: State, dot: Value, node: Extract<Node, { kind: 'template' }>): void {
  const nodes = state.template.definitions.get(node.name);
  if (!nodes) fail(state, node.at, `template "${node.name}" is not defined`);
  if (state.depth >= MAX_DEPTH) fail(state, node.at, `templates are nested more than ${MAX_DEPTH} deep`);
  const inner = node.pipe ? evaluatePipe(state, dot, node.pipe) : undefined;
  const variables = [{ name: '$', value: inner }];
  walk({ ...state, variables, depth: state.depth + 1 }, inner, nodes);
}

/** Evaluates a pipeline to the value of its last command; nil becomes "no value", as in Go. */
function evaluatePipe(state: State, dot: Value, pipe: Pipe): Value {
  let value: Value;
  for (const [index, command] of pipe.commands.entries()) {
    const piped = index === 0 ? [] : [value];
    value = evaluateCommand(state, dot, { ...command, piped }) ?? undefined;
  }
  for (const name of pipe.variables) setVariable(state, pipe, { name, value });
  return value;
}

function setVariable(state: State, pipe: Pipe, { name, value }: Variable): void {
  if (!pipe.assigns) {
    state.variables.push({ name, value });
    return;
  }
  const variable = state.variables.findLast((known) => known.name === name);
  if (!variable) fail(state, pipe.at, `undefined variable "${name}"`);
  variable.value = value;
}

interface PipedCommand extends Command {
  /** The result of the previous command, passed as the last argument; empty for the first command. */
  readonly piped: readonly Value[];
}

function evaluateCommand(state: State, dot: Value, { first, args, at, piped }: PipedCommand): Value {
  spend(state, at, 0);
  if (first.kind === 'function') return callFunction(state, dot, { ...first, operands: args, piped });
  if (args.length > 0 || piped.length > 0)
    fail(state, at, `${nameOf(first)} is not a function, it takes no arguments`);
  if (first.kind === 'nil') fail(state, at, 'nil is not a command');
  return evaluateOperand(state, dot, first);
}

function evaluateOperand(state: State, dot: Value, operand: Operand): Value {
  switch (operand.kind) {
    case 'literal':
      return operand.value;
    case 'nil':
      return null;
    case 'dot':
      return dot;
    case 'field':
      return fieldsOf(state, dot, operand);
    case 'variable': {
      const variable = state.variables.findLast(({ name }) => name === operand.name);
      if (!variable) fail(state, operand.at, `undefined variable "${operand.name}"`);
      return fieldsOf(state, variable.value, operand);
    }
    case 'group':
      return fieldsOf(state, evaluatePipe(state, dot, operand.pipe), operand);
    case 'chain':
      return fieldsOf(state, evaluateOperand(state, dot, operand.of), operand);
    case 'function':
      return callFunction(state, dot, { ...operand, operands: [], piped: [] });
  }
}

interface Fields {
  readonly names: readonly string[];
  readonly at: number;
}

/** A missing key of a map yields "no value", and so do its fields; a field of nil is an error, as in Go. */
function fieldsOf(state: State, from: Value, { names, at }: Fields): Value {
  let value = from;
  for (const name of names) {
    if (value === undefined) return undefined;
    if (value === null) fail(state, at, `nil has no field .${name}`);
    if (!isDict(value)) fail(state, at, `a value of type ${typeOf(value)} has no field .${name}`);
    value = value.get(name);
  }
  return value;
}

interface Call {
  readonly name: string;
  readonly at: number;
  readonly operands: readonly Operand[];
  /** As in {@link PipedCommand}. */
  readonly piped: readonly Value[];
}

function callFunction(state: State, dot: Value, call: Call): Value {
  const { name, at, operands, piped } = call;
  const known = state.functions.get(name);
  if (!known) fail(state, at, `function "${name}" is not supported`);
  // `and` and `or` stop at the first decisive argument (Go text/template, "Functions").
  if (name === 'and' || name === 'or') return shortCircuit(state, dot, call);
  const context = contextOf(state, at, name);
  const args = [...operands.map((operand) => evaluateOperand(state, dot, operand)), ...piped];
  const result = known.call(args, context);
  context.grow(typeof result === 'string' || isList(result) ? result.length : 0);
  return result;
}

function shortCircuit(state: State, dot: Value, { name, at, operands, piped }: Call): Value {
  if (operands.length + piped.length === 0)
    fail(state, at, `${name}: wrong number of arguments: want at least 1, got 0`);
  let value: Value;
  for (const operand of operands) {
    value = evaluateOperand(state, dot, operand);
    if (isTrue(value) === (name === 'or')) return value;
  }
  return piped.length > 0 ? piped[0] : value;
}

function contextOf(state: State, at: number, name: string): FunctionContext {
  const { env, now } = state;
  return {
    env,
    now,
    fail: (message) => fail(state, at, `${name}: ${message}`),
    grow: (size) => spend(state, at, size),
  };
}

function printed(state: State, at: number, value: Value): string {
  return kindOf(value) === 'invalid'
    ? '<no value>'
    : formatValue(value, {
        fail: (message) => fail(state, at, message),
        grow: (size) => spend(state, at, size),
      });
}

function write(state: State, at: number, text: string): void {
  const exceeded = state.budget.write(text.length);
  if (exceeded) fail(state, at, exceeded);
  state.output.push(text);
}

function spend(state: State, at: number, size: number): void {
  const exceeded = state.budget.spend(size);
  if (exceeded) fail(state, at, exceeded);
}

function fail(state: State, at: number, message: string): never {
  throw templateError(state.template.source, at, message);
}

function nameOf(operand: Operand): string {
  switch (operand.kind) {
    case 'field':
      return `.${operand.names.join('.')}`;
    case 'variable':
      return operand.name;
    case 'literal':
      return 'a constant';
    case 'dot':
      return '"."';
    default:
      return operand.kind === 'nil' ? 'nil' : 'an expression in parentheses';
  }
}
