import type { TemplateFunction } from './function.ts';
import { COMPARISON_FUNCTIONS } from './functions/comparison.ts';
import { CORE_FUNCTIONS } from './functions/core.ts';
import { DECIMAL_FUNCTIONS } from './functions/decimal.ts';
import { DICT_FUNCTIONS } from './functions/dict.ts';
import { ENCODING_FUNCTIONS } from './functions/encoding.ts';
import { LIST_FUNCTIONS } from './functions/list.ts';
import { mustFunctions } from './functions/must.ts';
import { NUMBER_FUNCTIONS } from './functions/number.ts';
import { PATTERN_FUNCTIONS } from './functions/pattern.ts';
import { SECRET_FUNCTIONS } from './functions/secret.ts';
import { STRUCTURE_FUNCTIONS } from './functions/structure.ts';
import { SYSTEM_FUNCTIONS } from './functions/system.ts';
import { TEXT_FUNCTIONS } from './functions/text.ts';
import { TIME_FUNCTIONS } from './functions/time.ts';
import { WORD_FUNCTIONS } from './functions/words.ts';
import { compareText } from './value.ts';

const FUNCTIONS: readonly TemplateFunction[] = [
  ...CORE_FUNCTIONS,
  ...COMPARISON_FUNCTIONS,
  ...TEXT_FUNCTIONS,
  ...LIST_FUNCTIONS,
  ...DICT_FUNCTIONS,
  ...NUMBER_FUNCTIONS,
  ...ENCODING_FUNCTIONS,
  ...PATTERN_FUNCTIONS,
  ...SYSTEM_FUNCTIONS,
  ...DECIMAL_FUNCTIONS,
  ...WORD_FUNCTIONS,
  ...TIME_FUNCTIONS,
  ...SECRET_FUNCTIONS,
  ...STRUCTURE_FUNCTIONS,
];

/**
 * All template functions, sorted by name: those of Go text/template and of Sprig, and those of Helm that existing
 * configurations use (docs/contract.md 4.8).
 */
export const TEMPLATE_FUNCTIONS: readonly TemplateFunction[] = [
  ...FUNCTIONS,
  ...mustFunctions(FUNCTIONS),
].sort((a, b) => compareText(a.name, b.name));
