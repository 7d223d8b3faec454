import { Download } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ChatMessage } from '@/api/page'
import type { Chat } from '@/call/chat'
import { renderTable } from '@/lib/csv'
import { Spinner } from '@/ui/Spinner'
import { toasts } from '@/ui/toasts'

/** Saves every message that the server keeps of this session as a table, for hosts. */
export function ExportButton({ chat }: { chat: Chat }) {
  const { t } = useTranslation()
  const [isBusy, setBusy] = useState(false)
  const save = async () => {
    setBusy(true)
    try {
      // The mark tells spreadsheets that this is UTF-8.
      download(`chat-${new Date().toISOString().slice(0, 10)}.csv`, `\ufeff${chatTable(await chat.readAll())}`)
    } catch {
      toasts.show({ id: 'chat-export', text: t('chat.exportFailed') })
    } finally {
      setBusy(false)
    }
  }
  return (
    <button
      type="button"
      aria-label={t('chat.export')}
      title={t('chat.export')}
      aria-busy={isBusy || undefined}
      aria-disabled={isBusy || undefined}
      onClick={() => !isBusy && void save()}
      className="flex size-11 items-center justify-center rounded-xl text-muted hover:bg-hover hover:text-ink"
    >
      {isBusy ? <Spinner className="size-5" /> : <Download className="size-5" aria-hidden="true" />}
    </button>
  )
}

/** The columns are those of the API's export. */
export function chatTable(messages: readonly ChatMessage[]): string {
  return renderTable([
    ['number', 'sent_at', 'participant_id', 'name', 'type', 'text'],
    ...messages.map((one) => [
      one.number,
      new Date(one.timestamp).toISOString(),
      one.participant_id,
      one.name,
      one.role === 'owner' ? 'Owner' : 'Guest',
      one.message,
    ]),
  ])
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
