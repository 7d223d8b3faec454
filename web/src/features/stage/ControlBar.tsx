import {
  Check,
  ChevronUp,
  CircleStop,
  Ellipsis,
  Link,
  Maximize,
  MessageSquare,
  Mic,
  MicOff,
  Minimize,
  PhoneOff,
  Users,
  Video,
  VideoOff,
} from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Call } from '@/call/call'
import { useWatchable } from '@/lib/useWatchable'
import { Button } from '@/ui/Button'
import { ControlButton } from '@/ui/ControlButton'
import { Menu, MenuItem, MenuLine } from '@/ui/Menu'
import type { Fullscreen } from './useFullscreen'
import type { GuestLink } from './useGuestLink'

export interface ControlBarProps {
  call: Call
  roomName: string
  /** The running time. */
  clock: ReactNode
  peopleCount: number
  /** How many wait to be let in. */
  waitingCount: number
  isPeopleOpen: boolean
  onPeople: () => void
  /** Null where the room has no chat. */
  chat: { unread: number; isOpen: boolean; onToggle: () => void } | null
  link: GuestLink
  fullscreen: Fullscreen
  onEndForAll: () => void
  /** Groups of a menu. */
  microphoneChoices: ReactNode
  cameraChoices: ReactNode
}

const MOST_IN_BADGE = 99

/** The controls. On narrow screens microphone, camera, chat and leave stay; the rest moves into a menu. */
export function ControlBar(props: ControlBarProps) {
  const { t, i18n } = useTranslation()
  const { call, link, fullscreen } = props
  const { microphone, camera, role } = useWatchable(call)
  const isHost = role === 'owner'
  const people = new Intl.NumberFormat(i18n.language).format(props.peopleCount)
  const waiting = props.waitingCount > 0 ? new Intl.NumberFormat(i18n.language).format(props.waitingCount) : undefined
  const waitingWords = t('waiting.people', { count: props.waitingCount })
  const withWaiting = (label: string) => (waiting === undefined ? label : `${label} · ${waitingWords}`)
  const fullscreenLabel = t(fullscreen.isOn ? 'stage.exitFullscreen' : 'stage.fullscreen')

  return (
    <div
      role="toolbar"
      aria-label={t('stage.controls')}
      className="grid grid-cols-[1fr_auto_1fr] items-center gap-3 px-3 pt-2 pb-[max(0.75rem,env(safe-area-inset-bottom))] sm:px-4"
    >
      <div className="flex min-w-0 items-center gap-3 max-lg:hidden">
        <span className="truncate font-medium text-sm" dir="auto">
          {props.roomName}
        </span>
        {props.clock}
      </div>

      <div className="col-start-2 flex items-center gap-2.5 sm:gap-3">
        <Split options={props.microphoneChoices} label={t('devices.microphoneOptions')}>
          <ControlButton
            icon={microphone.isOn ? Mic : MicOff}
            label={t(microphone.isOn ? 'devices.microphoneOff' : 'devices.microphoneOn')}
            shortcut="M"
            look={microphone.isOn ? 'plain' : 'off'}
            hasWarning={microphone.problem !== null}
            onClick={() => void call.turn('microphone', !microphone.isOn)}
          />
        </Split>
        <Split options={props.cameraChoices} label={t('devices.cameraOptions')}>
          <ControlButton
            icon={camera.isOn ? Video : VideoOff}
            label={t(camera.isOn ? 'devices.cameraOff' : 'devices.cameraOn')}
            shortcut="V"
            look={camera.isOn ? 'plain' : 'off'}
            hasWarning={camera.problem !== null}
            onClick={() => void call.turn('camera', !camera.isOn)}
          />
        </Split>
        <ChatButton chat={props.chat} className="lg:hidden" />
        <div className="lg:hidden">
          <Menu
            trigger={
              <ControlButton icon={Ellipsis} label={withWaiting(t('stage.more'))} badge={waiting} badgeLook="warn" />
            }
          >
            <MenuItem icon={Users} onClick={props.onPeople}>
              {t('stage.people')} <span className="text-muted tabular-nums">{people}</span>
              {waiting !== undefined && <span className="block text-warn-ink text-xs">{waitingWords}</span>}
            </MenuItem>
            <MenuItem icon={Link} onClick={link.copy}>
              {t('stage.copyLink')}
            </MenuItem>
            {fullscreen.isAvailable && (
              <MenuItem icon={fullscreen.isOn ? Minimize : Maximize} onClick={fullscreen.toggle}>
                {fullscreenLabel}
              </MenuItem>
            )}
            <div className="min-[500px]:hidden">
              <MenuLine />
              {props.microphoneChoices}
              {props.cameraChoices}
            </div>
            {isHost && (
              <>
                <MenuLine />
                <MenuItem icon={CircleStop} look="danger" onClick={props.onEndForAll}>
                  {t('stage.endForAll')}
                </MenuItem>
              </>
            )}
          </Menu>
        </div>
        <ControlButton
          icon={PhoneOff}
          label={t('stage.leave')}
          look="danger"
          className="w-16 sm:w-18"
          onClick={() => call.leave()}
        />
        {isHost && (
          <Button look="danger-quiet" className="min-h-12 rounded-2xl px-4 max-lg:hidden" onClick={props.onEndForAll}>
            {t('stage.endForAll')}
          </Button>
        )}
      </div>

      <div className="flex items-center justify-end gap-2.5 max-lg:hidden">
        <ControlButton
          icon={Users}
          label={withWaiting(t('stage.people'))}
          badge={waiting ?? people}
          badgeLook={waiting === undefined ? 'accent' : 'warn'}
          aria-pressed={props.isPeopleOpen}
          onClick={props.onPeople}
        />
        <ChatButton chat={props.chat} />
        <ControlButton
          icon={link.isCopied ? Check : Link}
          label={t(link.isCopied ? 'stage.copied' : 'stage.copyLink')}
          onClick={link.copy}
        />
        {fullscreen.isAvailable && (
          <ControlButton
            icon={fullscreen.isOn ? Minimize : Maximize}
            label={fullscreenLabel}
            onClick={fullscreen.toggle}
          />
        )}
      </div>
    </div>
  )
}

function ChatButton({ chat, className = '' }: { chat: ControlBarProps['chat']; className?: string }) {
  const { t, i18n } = useTranslation()
  if (chat === null) {
    return null
  }
  const { unread, isOpen, onToggle } = chat
  const count = new Intl.NumberFormat(i18n.language).format(Math.min(unread, MOST_IN_BADGE))
  const badge = unread > MOST_IN_BADGE ? `${count}+` : count
  return (
    <ControlButton
      icon={MessageSquare}
      label={unread > 0 ? `${t('chat.title')} · ${t('chat.unread', { count: unread })}` : t('chat.title')}
      badge={unread > 0 ? badge : undefined}
      aria-pressed={isOpen}
      className={className}
      onClick={onToggle}
    />
  )
}

/** A control with its options beside it, where there is room for both. */
function Split({ options, label, children }: { options: ReactNode; label: string; children: ReactNode }) {
  return (
    <div className="flex items-center rounded-2xl bg-sunken">
      {children}
      <div className="hidden min-[500px]:block">
        <Menu
          trigger={
            <button
              type="button"
              aria-label={label}
              className="flex h-12 w-11 items-center justify-center rounded-e-2xl text-muted hover:bg-line hover:text-ink data-popup-open:bg-line data-popup-open:text-ink"
            >
              <ChevronUp className="size-4.5" aria-hidden="true" />
            </button>
          }
        >
          {options}
        </Menu>
      </div>
    </div>
  )
}
