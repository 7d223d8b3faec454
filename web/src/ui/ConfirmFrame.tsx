import { AlertDialog } from '@base-ui/react/alert-dialog'
import { Button } from './Button'

export interface ConfirmFrameProps {
  isOpen: boolean
  title: string
  text: string
  confirm: string
  cancel: string
  isBusy: boolean
  error: string | null
  onConfirm: () => void
  onClose: () => void
}

/** Asks before something that cannot be undone. */
export function ConfirmFrame({
  isOpen,
  title,
  text,
  confirm,
  cancel,
  isBusy,
  error,
  onConfirm,
  onClose,
}: ConfirmFrameProps) {
  return (
    <AlertDialog.Root open={isOpen} onOpenChange={(open) => !open && onClose()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="fixed inset-0 z-40 bg-black/45 transition-opacity duration-150 data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <AlertDialog.Viewport className="fixed inset-0 z-50 flex items-end justify-center p-4 sm:items-center">
          <AlertDialog.Popup className="w-full max-w-md rounded-3xl border border-line bg-surface p-6 shadow-2 outline-none transition-[opacity,translate] duration-150 data-ending-style:translate-y-2 data-starting-style:translate-y-2 data-ending-style:opacity-0 data-starting-style:opacity-0">
            <AlertDialog.Title className="text-balance font-semibold text-lg">{title}</AlertDialog.Title>
            <AlertDialog.Description className="mt-2 text-[0.9375rem] text-muted leading-relaxed">
              {text}
            </AlertDialog.Description>
            {error !== null && (
              <p role="alert" className="mt-4 rounded-xl bg-danger-soft px-4 py-3 text-danger-ink text-sm">
                {error}
              </p>
            )}
            <div className="mt-6 flex flex-wrap justify-end gap-3">
              <AlertDialog.Close render={<Button look="quiet">{cancel}</Button>} />
              <Button look="danger" isBusy={isBusy} onClick={onConfirm}>
                {confirm}
              </Button>
            </div>
          </AlertDialog.Popup>
        </AlertDialog.Viewport>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}
