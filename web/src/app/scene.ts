/**
 * The present screen, for the page around this one (`bridge/`). The routes fill it; whoever
 * embeds a meeting sees and does no more than the person at the page.
 */
import type { StageChoiceCell } from '@/features/stage/choices'
import type { Language } from '@/lib/languages'
import { Cell } from '@/lib/store'
import type { Visit } from './useVisit'

export interface Scene {
  visit: Visit | null
  /** The arrangement of the stage; null outside the meeting. */
  choices: StageChoiceCell | null
  language: Language | null
  /** Null where the room does not leave the language to people. */
  chooseLanguage: ((language: Language) => void) | null
}

export const scene = new Cell<Scene>({ visit: null, choices: null, language: null, chooseLanguage: null })
