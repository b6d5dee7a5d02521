import { ACCESS_HABITS } from './access-habits.ts';
import type { Habit } from './habit.ts';
import { LIST_HABITS } from './list-habits.ts';
import { REFUSAL_HABITS } from './refusal-habits.ts';
import { UPLOAD_HABITS } from './upload-habits.ts';

/** The habits of real registries, one by one. */
export const HABITS: readonly Habit[] = [
  ...ACCESS_HABITS,
  ...UPLOAD_HABITS,
  ...LIST_HABITS,
  ...REFUSAL_HABITS,
];
