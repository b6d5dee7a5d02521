import { bootAssessmentStep } from './boot-assessment.ts';
import type { BuiltinStep } from './builtin-step.ts';
import { extensionsStep } from './extensions.ts';
import { hostNameStep } from './host-name.ts';
import { initiatorNameStep } from './initiator-name.ts';
import { kubernetesStep } from './kubernetes.ts';
import { liveAccountStep } from './live-account.ts';
import { networkStep } from './network.ts';
import { proxiesStep } from './proxies.ts';
import { unsupportedKeysStep } from './unsupported-keys.ts';
import { upgradeFailureStep } from './upgrade-failure.ts';

/** The built-in steps of a stage or its `.before` or `.after`, in order. */
export function builtinSteps(stage: string): BuiltinStep[] {
  const steps = [
    hostNameStep,
    networkStep,
    proxiesStep,
    extensionsStep,
    initiatorNameStep,
    bootAssessmentStep,
    upgradeFailureStep,
    liveAccountStep,
    kubernetesStep,
    unsupportedKeysStep,
  ];
  return steps.filter((step) => step.stage === stage);
}
