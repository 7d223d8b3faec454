import { Bug } from 'lucide-react'
import { Component, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/ui/Button'
import { Logo } from '@/ui/Logo'
import { Message } from '@/ui/Message'
import { PageFrame } from '@/ui/PageFrame'

/**
 * The last resort: a defect of the page, or a part of it that did not load, becomes a page that
 * says so.
 */
export class CrashBoundary extends Component<{ children: ReactNode }, { hasCrashed: boolean }> {
  override state = { hasCrashed: false }

  static getDerivedStateFromError(): { hasCrashed: boolean } {
    return { hasCrashed: true }
  }

  override render(): ReactNode {
    return this.state.hasCrashed ? <CrashPage /> : this.props.children
  }
}

function CrashPage() {
  const { t } = useTranslation()
  return (
    <PageFrame start={<Logo brand={null} />}>
      <Message icon={Bug} title={t('error.crash')} text={t('error.crashText')}>
        <Button look="primary" onClick={() => window.location.reload()}>
          {t('error.reload')}
        </Button>
      </Message>
    </PageFrame>
  )
}
