import { Globe } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { LANGUAGES, type Language } from '@/lib/languages'
import { Select } from '@/ui/Select'

/** The language as a part of the settings; each by its own name, so that everybody finds theirs. */
export function LanguageSettings({
  language,
  onChoose,
}: {
  language: Language
  onChoose: (language: Language) => void
}) {
  const { t } = useTranslation()
  return (
    <Select
      className="mt-2"
      label={t('language.label')}
      icon={Globe}
      options={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
      value={language}
      emptyText=""
      onChoose={(chosen) => onChoose(chosen as Language) /* the values are the keys of LANGUAGES */}
    />
  )
}
