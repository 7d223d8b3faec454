import { playSound } from '@/lib/sounds'

/** Tells somebody who waited and looks elsewhere that they are inside: a sound, and the title. */
export function tellOfAdmission(words: string): void {
  if (document.visibilityState === 'visible') {
    return
  }
  playSound('admitted')
  const before = document.title
  document.title = words
  document.addEventListener(
    'visibilitychange',
    () => {
      // Unless somebody else has set it meanwhile.
      if (document.title === words) {
        document.title = before
      }
    },
    { once: true },
  )
}
