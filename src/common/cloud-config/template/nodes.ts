import type { Value } from './value.ts';

/** An operand of a command (Go text/template, "Arguments"). `at` is an offset in the template. */
export type Operand = { readonly at: number } & (
  | { readonly kind: 'literal'; readonly value: Value }
  | { readonly kind: 'nil' }
  | { readonly kind: 'dot' }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'field'; readonly names: readonly string[] }
  | { readonly kind: 'variable'; readonly name: string; readonly names: readonly string[] }
  | { readonly kind: 'group'; readonly pipe: Pipe; readonly names: readonly string[] }
  | { readonly kind: 'chain'; readonly of: Operand; readonly names: readonly string[] }
);

/** A function or a value with the arguments that follow it. */
export interface Command {
  readonly at: number;
  readonly first: Operand;
  readonly args: readonly Operand[];
}

/** Commands joined by `|`, with the variables that take the result. */
export interface Pipe {
  readonly at: number;
  readonly variables: readonly string[];
  /** `=` instead of `:=`. */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
}

/** A block with a body; `otherwise` is the body for an empty value. */
export interface Block {
  readonly kind: 'if' | 'with' | 'range';
  readonly at: number;
  readonly pipe: Pipe;
  readonly body: readonly Node[];
  readonly otherwise: readonly Node[];
}

/** A node of the syntax tree (Go text/template, "Actions"). */
export type Node =
  | { readonly kind: 'text'; readonly at: number; readonly text: string }
  | { readonly kind: 'action'; readonly at: number; readonly pipe: Pipe }
  | Block
  | {
      readonly kind: 'template';
      readonly at: number;
      readonly name: string;
      readonly pipe: Pipe | undefined;
    }
  | { readonly kind: 'break' | 'continue'; readonly at: number };

/** A parsed template: its own nodes, and those of `define` and `block` by name. */
export interface ParsedTemplate {
  readonly source: string;
  readonly nodes: readonly Node[];
  readonly definitions: ReadonlyMap<string, readonly Node[]>;
}
