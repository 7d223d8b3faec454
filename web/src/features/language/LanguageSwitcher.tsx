import { Globe } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { LANGUAGES, type Language } from '@/lib/languages'
import { Select } from '@/ui/Select'

export interface LanguageSwitcherProps {
  language: Language
  onChoose: (language: Language) => void
}

/** Each language by its own name, so that everybody finds theirs. */
export function LanguageSwitcher({ language, onChoose }: LanguageSwitcherProps) {
  const { t } = useTranslation()
  return (
    <Select
      isCompact
      label={t('language.label')}
      icon={Globe}
      options={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
      value={language}
      emptyText=""
      onChoose={(chosen) => onChoose(chosen as Language) /* the values are the keys of LANGUAGES */}
    />
  )
}
