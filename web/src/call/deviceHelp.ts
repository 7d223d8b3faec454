import { type BrowserFamily, browserFamily } from './browser'
import type { InputKind } from './capture'
import type { DeviceProblem } from './deviceProblem'

export type AffectedInput = InputKind | 'both'

/**
 * The keys of what to tell a person about a device problem: what is the matter, and what they can
 * do.
 */
export function deviceHelp(problem: DeviceProblem, affected: AffectedInput, browser: BrowserFamily = thisBrowser()) {
  return {
    title: `problem.${titleGroup(problem)}.${affected}`,
    text: `problem.help.${helpFor(problem, browser)}`,
  } as const
}

function titleGroup(problem: DeviceProblem) {
  switch (problem) {
    case 'denied':
    case 'denied_by_system':
    case 'blocked_by_embedder':
    case 'insecure':
      return 'denied'
    case 'not_found':
    case 'unplugged':
    case 'taken':
      return problem
    default:
      return 'in_use'
  }
}

function helpFor(problem: DeviceProblem, browser: BrowserFamily) {
  return problem === 'denied' ? browser : problem
}

function thisBrowser(): BrowserFamily {
  return browserFamily(navigator.userAgent, navigator.maxTouchPoints)
}

export interface InputProblems {
  microphone: DeviceProblem | null
  camera: DeviceProblem | null
}

/** The problems to show: one notice when both inputs have the same, else one for each. */
export function gatherProblems({
  microphone,
  camera,
}: InputProblems): { problem: DeviceProblem; affected: AffectedInput }[] {
  if (microphone !== null && microphone === camera) {
    return [{ problem: microphone, affected: 'both' }]
  }
  return [
    ...(microphone === null ? [] : [{ problem: microphone, affected: 'microphone' as const }]),
    ...(camera === null ? [] : [{ problem: camera, affected: 'camera' as const }]),
  ]
}
