import type { Value } from './value.ts';

/** What a function can use in addition to its arguments. */
export interface FunctionContext {
  /** Environment variables, for `env` and `expandenv`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
  /** @throws FactoryError `usage` with the position of the call */
  fail(message: string): never;
  /** Reserves budget before a text or list of `size` is created. @throws FactoryError `usage` when a limit is exceeded */
  grow(size: number): void;
}

/** A function of the template language. */
export interface TemplateFunction {
  readonly name: string;
  /** One line for docs/templates.md. */
  readonly description: string;
  call(args: readonly Value[], context: FunctionContext): Value;
}

/** Converts an argument to the type that a function expects. @throws FactoryError `usage` for another type */
export type Param<T> = (value: Value, context: FunctionContext) => T;
type Params<T extends readonly unknown[]> = { readonly [K in keyof T]: Param<T[K]> };

/** Defines a function with a fixed number of arguments. */
export function fixed<T extends readonly unknown[]>(
  name: string,
  description: string,
  params: readonly [...Params<T>],
  run: (args: T, context: FunctionContext) => Value,
): TemplateFunction {
  const call = (args: readonly Value[], context: FunctionContext) => {
    if (args.length !== params.length) {
      context.fail(`wrong number of arguments: want ${params.length}, got ${args.length}`);
    }
    return run(convert<T>(params, args, context), context);
  };
  return { name, description, call };
}

/** Defines a function whose last parameter takes any number of arguments, but at least `least`. */
export function variadic<T extends readonly unknown[], R>(
  name: string,
  description: string,
  params: readonly [...Params<T>],
  rest: Param<R>,
  run: (args: T, rest: readonly R[], context: FunctionContext) => Value,
  least = 0,
): TemplateFunction {
  const call = (args: readonly Value[], context: FunctionContext) => {
    const length: number = params.length;
    if (args.length < length + least) {
      context.fail(`wrong number of arguments: want at least ${length + least}, got ${args.length}`);
    }
    const others = args.slice(length).map((value) => rest(value, context));
    return run(convert<T>(params, args, context), others, context);
  };
  return { name, description, call };
}

function convert<T extends readonly unknown[]>(
  params: readonly Param<unknown>[],
  args: readonly Value[],
  context: FunctionContext,
): T {
  // Each parameter converts to the type at its index, which the compiler cannot follow through `map`.
  return params.map((param, index) => param(args[index], context)) as unknown as T;
}
