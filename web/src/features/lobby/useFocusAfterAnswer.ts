import { useEffect, useRef } from 'react'

/**
 * Answering takes the pressed button away. Call the result when a button is pressed: once the list
 * has changed and the focus went with the button, `rescue` is called to give it a place.
 */
export function useFocusAfterAnswer(list: readonly unknown[], rescue: () => void): () => void {
  const hasAnswered = useRef(false)
  const latest = useRef(rescue)
  latest.current = rescue
  // biome-ignore lint/correctness/useExhaustiveDependencies: the list is not used, its change is what matters.
  useEffect(() => {
    if (hasAnswered.current && (document.activeElement === null || document.activeElement === document.body)) {
      latest.current()
    }
    hasAnswered.current = false
  }, [list])
  return () => {
    hasAnswered.current = true
  }
}
