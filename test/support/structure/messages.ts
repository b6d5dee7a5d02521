import { type Node, parseSync, visitorKeys } from 'oxc-parser';

/** A text of a source. */
export interface SourceMessage {
  /** The text; `…` stands for each value in it. */
  readonly text: string;
  /** The codes of the error that it is the message of; none where it is not written as the argument of one. */
  readonly codes: readonly string[];
}

/** Lists the texts of a TypeScript source, and the codes of the errors that they are the messages of. */
export function sourceMessages(file: string, source: string): SourceMessage[] {
  const found: SourceMessage[] = [];
  const visit = (node: Node, codes: readonly string[]) => {
    const text = textOf(node);
    if (text !== undefined) found.push({ text, codes });
    const thrown = node.type === 'NewExpression' && isNamed(node.callee, 'FactoryError');
    const [code, message, ...rest] = thrown ? node.arguments : [];
    if (code !== undefined) {
      visit(code, []);
      if (message !== undefined) visit(message, textsIn(code));
      for (const other of rest) visit(other, []);
    } else for (const child of childrenOf(node)) visit(child, codes);
  };
  visit(parseSync(file, source).program, []);
  return found;
}

/** Whether a quotation, with `…` for what differs, is in a text, or is the whole of it with other values. */
export function quotes(text: string, quotation: string): boolean {
  const pieces = quotation.split('…').filter((piece) => piece.trim() !== '');
  let from = 0;
  return pieces.every((piece) => {
    const at = text.indexOf(piece, from);
    from = at + piece.length;
    return at >= 0;
  });
}

function textOf(node: Node): string | undefined {
  if (node.type === 'Literal' && typeof node.value === 'string') return node.value;
  if (node.type !== 'TemplateLiteral') return undefined;
  return node.quasis.map(({ value }) => value.cooked ?? '').join('…');
}

function textsIn(node: Node): string[] {
  const text = textOf(node);
  return [...(text === undefined ? [] : [text]), ...childrenOf(node).flatMap(textsIn)];
}

function isNamed(node: Node, name: string): boolean {
  return node.type === 'Identifier' && node.name === name;
}

function childrenOf(node: Node): Node[] {
  const children = (visitorKeys[node.type] ?? []).map((key) => node[key as keyof Node] as unknown);
  return children.flat().filter((child): child is Node => typeof child === 'object' && child !== null);
}
