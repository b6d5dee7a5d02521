/** How a step of the plan stands before the build. */
export type StepState = 'cached' | 'run' | 'depends' | 'shared';

/** A line of the plan. */
export interface PlannedStep {
  readonly id: string;
  readonly title: string;
  readonly needs: readonly string[];
  /**
   * `cached` nothing to do; `run` will run; `depends` will run unless the result of a step before it turns out to be
   * one that the cache knows; `shared` another target runs the very same.
   */
  readonly state: StepState;
}

/** What happens in a build, for whoever shows it. */
export type BuildEvent =
  | { readonly type: 'plan'; readonly steps: readonly PlannedStep[] }
  | { readonly type: 'start'; readonly id: string; readonly title: string }
  | { readonly type: 'progress'; readonly id: string; readonly text: string }
  | {
      readonly type: 'end';
      readonly id: string;
      readonly title: string;
      readonly cached: boolean;
      readonly seconds: number;
    }
  | { readonly type: 'fail'; readonly id: string; readonly title: string; readonly message: string }
  | { readonly type: 'notice'; readonly text: string };
