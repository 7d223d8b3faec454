import type { i18n } from 'i18next'
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useRef, useState } from 'react'
import { parseEntryWishes } from '@/lib/entryWishes'
import { speak } from '@/lib/i18n'
import { directionOf, type Language, pickLanguage } from '@/lib/languages'
import { rememberedChoices } from '@/lib/storage'

const CHOICE = 'language'

interface LanguageContextValue {
  language: Language
  direction: 'ltr' | 'rtl'
  /** The person's own choice; it is remembered. */
  choose: (language: Language) => void
  /** Takes the language of the room, once it is known; resolves when its words are loaded. */
  setRoom: (room: { language: string; isChoiceAllowed: boolean }) => Promise<void>
}

const LanguageContext = createContext<LanguageContextValue | null>(null)

export function useLanguage(): LanguageContextValue {
  const value = useContext(LanguageContext)
  if (value === null) {
    throw new Error('useLanguage needs a LanguageProvider')
  }
  return value
}

function browserLanguages(): readonly string[] {
  return navigator.languages ?? [navigator.language]
}

/** Loads the words and draws its children once there are some. */
export function LanguageProvider({
  words,
  children,
}: {
  words: i18n
  children: (value: { direction: 'ltr' | 'rtl' }) => ReactNode
}) {
  const [language, setLanguage] = useState<Language | null>(null)
  // The wish of an embedding page, until somebody chooses.
  const wish = useRef(parseEntryWishes(window.location.search).language)

  const change = useCallback(
    async (next: Language) => {
      try {
        await speak(words, next)
        setLanguage(next)
      } catch {
        // The words did not load; what is on the screen stays as it was. A first load without words
        // is caught below.
        setLanguage((now) => now ?? next)
      }
    },
    [words],
  )

  useEffect(() => {
    void change(
      pickLanguage({ chosen: wish.current ?? rememberedChoices.read(CHOICE), room: null, browser: browserLanguages() }),
    )
  }, [change])

  const choose = useCallback(
    (next: Language) => {
      wish.current = null
      rememberedChoices.write(CHOICE, next)
      void change(next)
    },
    [change],
  )
  const setRoom = useCallback(
    ({ language: room, isChoiceAllowed }: { language: string; isChoiceAllowed: boolean }) =>
      change(
        pickLanguage({
          chosen: isChoiceAllowed ? (wish.current ?? rememberedChoices.read(CHOICE)) : null,
          room,
          browser: browserLanguages(),
        }),
      ),
    [change],
  )

  const value = useMemo(
    () => (language === null ? null : { language, direction: directionOf(language), choose, setRoom }),
    [language, choose, setRoom],
  )
  return value === null ? null : (
    <LanguageContext value={value}>{children({ direction: value.direction })}</LanguageContext>
  )
}
