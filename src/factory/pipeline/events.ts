import type { StepPrediction } from './predict.ts';

/** The state of a planned step before the build. */
export type StepState = 'cached' | 'run' | 'depends' | 'shared';

/** A step of the plan. */
export interface PlannedStep {
  readonly id: string;
  readonly title: string;
  readonly needs: readonly string[];
  /**
   * `cached`: nothing to do; `run`: will run; `depends`: will run, unless an earlier step returns a result for which the
   * cache has an entry; `shared`: another target runs the same step.
   */
  readonly state: StepState;
  /** What it is expected to take; absent for a step that will not run. */
  readonly prediction?: StepPrediction;
}

/** An event of a build, for display. */
export type BuildEvent =
  | { readonly type: 'plan'; readonly steps: readonly PlannedStep[] }
  | { readonly type: 'start'; readonly id: string; readonly title: string }
  | {
      readonly type: 'progress';
      readonly id: string;
      readonly text: string;
      /** Whether it changes from second to second, as the package that is being installed does: too much for a log. */
      readonly isFleeting?: boolean;
    }
  | {
      readonly type: 'end';
      readonly id: string;
      readonly title: string;
      readonly cached: boolean;
      readonly seconds: number;
    }
  | { readonly type: 'fail'; readonly id: string; readonly title: string; readonly message: string }
  | { readonly type: 'notice'; readonly text: string };
