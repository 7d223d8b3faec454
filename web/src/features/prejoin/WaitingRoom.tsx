import { Pencil } from 'lucide-react'
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { WaitReason } from '@/call/connection'
import type { Preview as PreviewModel } from '@/call/preview'
import { Button } from '@/ui/Button'
import { Spinner } from '@/ui/Spinner'
import { TextField } from '@/ui/TextField'
import { Preview } from './Preview'

const WORDS = {
  approval: { title: 'waiting.approval', text: 'waiting.approvalText' },
  owner_absent: { title: 'waiting.ownerAbsent', text: 'waiting.ownerAbsentText' },
  full: { title: 'error.full', text: 'waiting.fullText' },
  entering: { title: 'connection.entering', text: null },
} as const

/** Stands for the name while the sentence is taken apart. */
const MARK = '\u{E000}'
/** After so long without an answer somebody wants to know whether anybody was told. */
const TOLD_AFTER_MS = 3 * 60_000

export interface WaitingRoomProps {
  roomName: string
  /** The name under which this person waits. */
  name: string
  preview: PreviewModel
  step: WaitReason | 'entering'
  /** Waits under another name; fails when that did not work. */
  onRename: (name: string) => Promise<void>
  onCancel: () => void
  onTurn: (kind: 'microphone' | 'camera', isOn: boolean) => void
  /** The lists of devices. */
  devicePicker: ReactNode
}

/** Where guests wait to be let in: what they wait for, and meanwhile how they look and sound. */
export function WaitingRoom({
  roomName,
  name,
  preview,
  step,
  onRename,
  onCancel,
  onTurn,
  devicePicker,
}: WaitingRoomProps) {
  const { t } = useTranslation()
  const heading = useRef<HTMLHeadingElement>(null)
  // The button that had the focus is gone.
  useEffect(() => heading.current?.focus({ preventScroll: true }), [])
  const { title, text } = WORDS[step]
  const [isLong, setLong] = useState(false)
  useEffect(() => {
    const timer = window.setTimeout(() => setLong(true), TOLD_AFTER_MS)
    return () => window.clearTimeout(timer)
  }, [])
  return (
    <div className="entrance">
      <Preview preview={preview} name={name} onTurn={onTurn} />

      <div className="entrance-form flex flex-col justify-center">
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
          {text !== null && (
            <p className="mt-3 flex items-start gap-3 text-pretty text-muted leading-relaxed">
              <Spinner className="mt-0.5 size-5 shrink-0 text-accent-ink" />
              <span>{t(isLong && step === 'approval' ? 'waiting.told' : text)}</span>
            </p>
          )}
        </div>
        <WaitingName name={name} canChange={step !== 'entering'} onRename={onRename} />
        <Button className="mt-6 min-h-13 text-base" disabled={step === 'entering'} onClick={onCancel}>
          {t('end.cancel')}
        </Button>
      </div>

      <div className="min-w-0">{devicePicker}</div>
    </div>
  )
}

/** The name that the host reads, and a way to change it. */
function WaitingName({
  name,
  canChange,
  onRename,
}: { name: string; canChange: boolean } & Pick<WaitingRoomProps, 'onRename'>) {
  const { t } = useTranslation()
  const [before, after] = t('waiting.as', { name: MARK }).split(MARK)
  const [draft, setDraft] = useState<string | null>(null)
  const [problem, setProblem] = useState<'prejoin.nameMissing' | 'waiting.failed' | null>(null)
  const [isBusy, setBusy] = useState(false)
  const change = useRef<HTMLButtonElement>(null)
  const wasOpen = useRef(false)
  useEffect(() => {
    if (draft === null && wasOpen.current) {
      change.current?.focus()
    }
    wasOpen.current = draft !== null
  }, [draft])

  const save = async (event: FormEvent) => {
    event.preventDefault()
    const wanted = draft?.trim() ?? ''
    if (wanted === '') {
      setProblem('prejoin.nameMissing')
      return
    }
    setBusy(true)
    try {
      await onRename(wanted)
      setDraft(null)
      setProblem(null)
    } catch {
      setProblem('waiting.failed')
    } finally {
      setBusy(false)
    }
  }

  if (draft === null || !canChange) {
    return (
      <p className="mt-3 flex flex-wrap items-center gap-x-3 text-muted text-sm [overflow-wrap:anywhere]">
        <span className="min-w-0">
          {before}
          <bdi className="font-semibold text-ink">{name}</bdi>
          {after}
        </span>
        {canChange && (
          <button
            ref={change}
            type="button"
            onClick={() => setDraft(name)}
            className="inline-flex min-h-11 items-center gap-1.5 rounded-lg font-medium text-accent-ink underline underline-offset-4"
          >
            <Pencil className="size-4" aria-hidden="true" />
            {t('waiting.changeName')}
          </button>
        )}
      </p>
    )
  }
  return (
    <form noValidate onSubmit={(event) => void save(event)} className="mt-3 flex flex-col gap-2">
      <TextField
        label={t('prejoin.name')}
        dir="auto"
        autoFocus
        maxLength={64}
        autoComplete="name"
        value={draft}
        error={problem === null ? null : t(problem)}
        onChange={(event) => setDraft(event.target.value)}
      />
      <div className="flex flex-wrap gap-2">
        <Button type="submit" look="primary" isBusy={isBusy}>
          {t('waiting.saveName')}
        </Button>
        <Button
          type="button"
          look="quiet"
          onClick={() => {
            setDraft(null)
            setProblem(null)
          }}
        >
          {t('devices.dismiss')}
        </Button>
      </div>
    </form>
  )
}
