import type { Value } from './value.ts';

/** What a function works with besides its arguments. */
export interface FunctionContext {
  /** Environment variables, for `env` and `expandenv`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => Date;
  /** @throws FactoryError `usage` with the place of the call */
  fail(message: string): never;
  /** Announces text or a list of that size, before it is made. @throws FactoryError `usage` when that is too much */
  grow(size: number): void;
}

/** A function of the template language. */
export interface TemplateFunction {
  readonly name: string;
  /** One line for the documentation. */
  readonly description: string;
  call(args: readonly Value[], context: FunctionContext): Value;
}

/** Takes an argument as the function wants it. @throws FactoryError `usage` for another kind */
export type Param<T> = (value: Value, context: FunctionContext) => T;
type Params<T extends readonly unknown[]> = { readonly [K in keyof T]: Param<T[K]> };

/** A function with a fixed number of arguments. */
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

/** A function whose last parameter stands for any number of arguments, from `least` on. */
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
  // Each parameter gives the type at its place, which the compiler cannot follow through `map`.
  return params.map((param, index) => param(args[index], context)) as unknown as T;
}
