import { Crown, MicOff, Users } from 'lucide-react'
import { type FormEvent, type ReactNode, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Lookup, PageErrorCode } from '@/api/page'
import { deviceHelp, gatherProblems } from '@/call/deviceHelp'
import type { Preview as PreviewModel } from '@/call/preview'
import { useWatchable } from '@/lib/useWatchable'
import { Button } from '@/ui/Button'
import { Notice } from '@/ui/Notice'
import { TextField } from '@/ui/TextField'
import { Preview } from './Preview'

const LONGEST_NAME = 64

export interface PrejoinProps {
  lookup: Lookup
  preview: PreviewModel
  initialName: string
  isJoining: boolean
  /** Why the last attempt to join failed, when trying again makes sense. */
  failure: PageErrorCode | null
  onJoin: (name: string) => void
  onTurn: (kind: 'microphone' | 'camera', isOn: boolean) => void
  /** Whether there is a camera in front and one behind. */
  canFlip?: boolean
  /** The lists of devices. */
  devicePicker: ReactNode
}

/** The step before the meeting: who you are, how you look and sound, and in. */
export function Prejoin({
  lookup,
  preview,
  initialName,
  isJoining,
  failure,
  onJoin,
  onTurn,
  canFlip = false,
  devicePicker,
}: PrejoinProps) {
  const { t } = useTranslation()
  const { microphone, camera } = useWatchable(preview)
  const [name, setName] = useState(initialName)
  const [isNameMissing, setNameMissing] = useState(false)
  const field = useRef<HTMLInputElement>(null)
  const [isSilent, setSilent] = useState(false)
  const startsMuted = lookup.room.initial_join_options.microphone_state === 'off' && !microphone.isOn
  const problems = gatherProblems({ microphone: microphone.problem, camera: camera.problem })

  const submit = (event: FormEvent) => {
    event.preventDefault()
    const trimmed = name.trim()
    setNameMissing(trimmed === '')
    if (trimmed === '') {
      field.current?.focus()
    } else {
      onJoin(trimmed)
    }
  }

  return (
    <div className="entrance">
      <Preview preview={preview} name={name} onTurn={onTurn} canFlip={canFlip} onSilence={setSilent} />

      <form onSubmit={submit} noValidate className="entrance-form flex flex-col justify-center">
        <p className="font-medium text-muted text-sm max-lg:hidden">{t('prejoin.title')}</p>
        <h1 className="line-clamp-4 text-pretty font-semibold text-2xl tracking-tight [overflow-wrap:anywhere] lg:mt-1 lg:text-3xl [@media(max-height:420px)]:line-clamp-1 [@media(max-height:420px)]:text-xl">
          {lookup.room.display_name}
        </h1>
        <p className="mt-2 flex flex-wrap items-center gap-x-4 gap-y-1 text-muted text-sm" aria-live="polite">
          <span className="inline-flex items-center gap-1.5">
            <Users className="size-4" aria-hidden="true" />
            {t('meeting.inside', { count: lookup.participants })}
          </span>
          {lookup.role === 'owner' && (
            <span className="inline-flex items-center gap-1.5 font-medium text-accent-ink">
              <Crown className="size-4" aria-hidden="true" />
              {t('prejoin.asHost')}
            </span>
          )}
          {startsMuted && (
            <span className="inline-flex items-center gap-1.5">
              <MicOff className="size-4" aria-hidden="true" />
              {t('prejoin.startMuted')}
            </span>
          )}
        </p>
        <TextField
          ref={field}
          className="mt-6 [@media(max-height:420px)]:mt-3"
          label={t('prejoin.name')}
          placeholder={t('prejoin.namePlaceholder')}
          value={name}
          onChange={(event) => {
            setName(event.target.value)
            setNameMissing(false)
          }}
          error={isNameMissing ? t('prejoin.nameMissing') : null}
          maxLength={LONGEST_NAME}
          autoComplete="name"
          dir={name === '' ? undefined : 'auto'}
          enterKeyHint="go"
        />
        {failure !== null && !isJoining && (
          <div className="mt-4">
            <Notice look="danger" title={t(failure === 'too_many_requests' ? 'prejoin.busy' : 'prejoin.retry')} />
          </div>
        )}
        <Button type="submit" look="primary" isBusy={isJoining} className="mt-4 min-h-13 w-full text-base">
          {isJoining ? t('prejoin.joining') : t('prejoin.join')}
        </Button>
      </form>

      <div className="flex min-w-0 flex-col gap-3">
        {problems.map(({ problem, affected }, index) => {
          const help = deviceHelp(problem, affected)
          const retry = () => {
            for (const kind of affected === 'both' ? (['microphone', 'camera'] as const) : [affected]) {
              onTurn(kind, true)
            }
          }
          return (
            <Notice key={affected} title={t(help.title)} text={t(help.text)}>
              <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
                <button type="button" onClick={retry} className="min-h-11 font-semibold underline underline-offset-4">
                  {t('devices.tryAgain')}
                </button>
                {index === problems.length - 1 && <span className="opacity-85">{t('prejoin.withoutDevices')}</span>}
              </p>
            </Notice>
          )
        })}
        {isSilent && microphone.track !== null && (
          <Notice title={t('prejoin.silent', { device: microphone.track.label || t('devices.microphone') })} />
        )}
        {devicePicker}
      </div>
    </div>
  )
}
