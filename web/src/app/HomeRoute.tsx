import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocation } from 'wouter'
import { Home } from '@/features/home/Home'
import { LanguageSwitcher } from '@/features/language/LanguageSwitcher'
import { Logo } from '@/ui/Logo'
import { PageFrame } from '@/ui/PageFrame'
import { useLanguage } from './LanguageProvider'

export function HomeRoute() {
  const { t } = useTranslation()
  const [, navigate] = useLocation()
  const { language, choose } = useLanguage()
  useEffect(() => {
    document.title = `${t('home.title')} · Moothall`
  }, [t])
  return (
    <PageFrame start={<Logo brand={null} />} end={<LanguageSwitcher language={language} onChoose={choose} />}>
      <Home onCode={(code) => navigate(`/${code}`)} />
    </PageFrame>
  )
}
