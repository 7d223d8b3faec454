import { Globe } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { LANGUAGES, type Language } from '@/lib/languages'
import { Menu, MenuChoice } from '@/ui/Menu'

export interface LanguageSwitcherProps {
  language: Language
  onChoose: (language: Language) => void
}

/** Each language by its own name, so that everybody finds theirs. */
export function LanguageSwitcher({ language, onChoose }: LanguageSwitcherProps) {
  const { t } = useTranslation()
  const trigger = (
    <button
      type="button"
      aria-label={`${t('language.label')}: ${LANGUAGES[language]}`}
      className="inline-flex min-h-11 items-center gap-2 rounded-xl px-3 font-medium text-muted text-sm transition-colors hover:bg-hover hover:text-ink data-popup-open:bg-hover data-popup-open:text-ink"
    >
      <Globe className="size-5" aria-hidden="true" />
      <span className="hidden sm:inline">{LANGUAGES[language]}</span>
    </button>
  )
  return (
    <Menu trigger={trigger} side="bottom" align="end">
      <MenuChoice
        label={t('language.label')}
        value={language}
        options={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
        emptyText=""
        onChoose={(chosen) => onChoose(chosen as Language) /* the values are the keys of LANGUAGES */}
      />
    </Menu>
  )
}
