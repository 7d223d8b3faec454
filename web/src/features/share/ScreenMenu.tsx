import { Expand, Fullscreen, Shrink } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { useWatchable } from '@/lib/useWatchable'
import { MenuItem } from '@/ui/Menu'
import type { ScreenView } from './screenView'

/** The entries of the menu of a shared screen. */
export function ScreenMenu({ view }: { view: ScreenView }) {
  const { t } = useTranslation()
  const isFit = useWatchable(view).zoom === 'fit'
  return (
    <>
      <MenuItem icon={isFit ? Expand : Shrink} onClick={() => view.toggleSize()}>
        {t(isFit ? 'share.actualSize' : 'share.fit')}
      </MenuItem>
      {document.fullscreenEnabled && (
        <MenuItem icon={Fullscreen} onClick={() => view.toggleFullscreen()}>
          {t('share.fullscreen')}
        </MenuItem>
      )}
    </>
  )
}
