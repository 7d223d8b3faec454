/** Speech is compared in steps of this length, so that a word more or less moves nobody. Pure. */
export const STEP_MS = 10_000

/**
 * Those who have spoken least first; those who have spoken for about as long stay in the order in
 * which they are given. `spokenFor` is in milliseconds.
 */
export function quietFirst(ids: readonly string[], spokenFor: (id: string) => number): string[] {
  const steps = new Map(ids.map((id) => [id, Math.floor(spokenFor(id) / STEP_MS)]))
  return [...ids].sort((one, other) => (steps.get(one) ?? 0) - (steps.get(other) ?? 0))
}
