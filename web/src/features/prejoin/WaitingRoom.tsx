import { type ReactNode, useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { HoldReason } from '@/call/connection'
import type { Preview as PreviewModel } from '@/call/preview'
import { Button } from '@/ui/Button'
import { Spinner } from '@/ui/Spinner'
import { Preview } from './Preview'

const WORDS = {
  approval: { title: 'waiting.approval', text: 'waiting.approvalText' },
  owner_absent: { title: 'waiting.ownerAbsent', text: 'waiting.ownerAbsentText' },
  full: { title: 'error.full', text: 'waiting.fullText' },
  entering: { title: 'connection.entering', text: null },
} as const

export interface WaitingRoomProps {
  roomName: string
  /** The name under which this person waits. */
  name: string
  preview: PreviewModel
  step: HoldReason | 'entering'
  onCancel: () => void
  onTurn: (kind: 'microphone' | 'camera', isOn: boolean) => void
  /** The lists of devices. */
  devicePicker: ReactNode
}

/** Before the door: what one waits for, and meanwhile how one looks and sounds. */
export function WaitingRoom({ roomName, name, preview, step, onCancel, onTurn, devicePicker }: WaitingRoomProps) {
  const { t } = useTranslation()
  const heading = useRef<HTMLHeadingElement>(null)
  // The button that had the focus is gone.
  useEffect(() => heading.current?.focus({ preventScroll: true }), [])
  const { title, text } = WORDS[step]
  return (
    <div className="grid w-full max-w-6xl grid-cols-1 gap-x-12 gap-y-5 lg:grid-cols-[minmax(0,1.5fr)_minmax(0,1fr)] lg:grid-rows-[auto_1fr]">
      <Preview preview={preview} name={name} onTurn={onTurn} />

      <div className="flex flex-col justify-center lg:col-start-2 lg:row-span-2 lg:row-start-1">
        <p className="line-clamp-2 font-medium text-muted [overflow-wrap:anywhere]">
          <bdi>{roomName}</bdi>
        </p>
        <div role="status" className="mt-1">
          <h1
            ref={heading}
            tabIndex={-1}
            className="text-pretty font-semibold text-2xl tracking-tight outline-none lg:text-3xl"
          >
            {t(title)}
          </h1>
          {text !== null && <p className="mt-3 text-pretty text-muted leading-relaxed">{t(text)}</p>}
        </div>
        <div className="mt-6 flex items-center gap-4">
          <Spinner className="size-6 shrink-0 text-accent-ink" />
          <Button className="min-h-13 flex-1 text-base" disabled={step === 'entering'} onClick={onCancel}>
            {t('end.cancel')}
          </Button>
        </div>
      </div>

      <div className="min-w-0">{devicePicker}</div>
    </div>
  )
}
