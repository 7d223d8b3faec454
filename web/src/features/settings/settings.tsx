import { Settings } from 'lucide-react'
import { Fragment, type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { preferences, type SoundSwitch } from '@/lib/preferences'
import { playSample } from '@/lib/sounds'
import { useWatchable } from '@/lib/useWatchable'
import type { ControlEntry, ControlKeys } from '@/ui/controls'
import { Dialog } from '@/ui/Dialog'
import { Slider } from '@/ui/Slider'
import { Switch } from '@/ui/Switch'

/** A part of the settings. A feature with something to set adds one. */
export interface SettingsSection {
  id: string
  title: string
  content: ReactNode
}

/** The button of the settings, the keys that open them, and the dialog itself. */
export function useSettings(sections: readonly SettingsSection[]): { control: ControlEntry; dialog: ReactNode } {
  const { t } = useTranslation()
  const [isOpen, setOpen] = useState(false)
  return {
    control: {
      id: 'settings',
      label: t('settings.title'),
      icon: Settings,
      order: 92,
      from: 1024,
      rank: 70,
      isSide: true,
      keys: { label: t('keys.list'), letter: '?', chord: '/' },
      onPress: () => setOpen(true),
    },
    dialog: (
      <Dialog isOpen={isOpen} title={t('settings.title')} closeLabel={t('stage.close')} onClose={() => setOpen(false)}>
        {sections.map(({ id, title, content }) => (
          <section key={id} aria-label={title} className="border-line border-t py-3 first:border-t-0">
            <h3 className="font-semibold text-muted text-sm">{title}</h3>
            {content}
          </section>
        ))}
      </Dialog>
    ),
  }
}

/** The keys that belong to no control. */
const OTHER_KEYS = [
  { label: 'keys.react', keys: ['1', '…', '6'] },
  { label: 'keys.page', keys: ['PgUp', 'PgDn'] },
  { label: 'keys.tile', keys: ['←', '→', '↑', '↓'] },
  { label: 'keys.tileMenu', keys: ['Enter'] },
  { label: 'keys.region', keys: ['F6', '⇧ F6'] },
] as const

/** Switches single letters off, and lists every key. */
export function KeyboardSettings({ keys }: { keys: readonly ControlKeys[] }) {
  const { t } = useTranslation()
  const { hasLetterKeys, hasHoldToTalk } = useWatchable(preferences)
  return (
    <>
      <Switch
        label={t('settings.letters')}
        text={t('settings.lettersText')}
        isOn={hasLetterKeys}
        onChange={(isOn) => preferences.setLetterKeys(isOn)}
      />
      <Switch
        label={t('settings.holdToTalk')}
        text={t('settings.holdToTalkText')}
        isOn={hasHoldToTalk}
        onChange={(isOn) => preferences.setHoldToTalk(isOn)}
      />
      <table className="mt-2 w-full text-sm">
        <caption className="sr-only">{t('keys.list')}</caption>
        <tbody>
          {keys.map(({ label, letter, chord, withAlt }) => (
            <tr key={label}>
              <th scope="row" className="py-1.5 text-start font-normal">
                {label}
              </th>
              <td className="whitespace-nowrap py-1.5 ps-3 text-end" dir="ltr">
                {hasLetterKeys && <Key>{letter}</Key>} <Key>{`Ctrl ${withAlt ? 'Alt ' : ''}${chord}`}</Key>
              </td>
            </tr>
          ))}
          {OTHER_KEYS.map(({ label, keys: names }) => (
            <tr key={label}>
              <th scope="row" className="py-1.5 text-start font-normal">
                {t(label)}
              </th>
              <td className="whitespace-nowrap py-1.5 ps-3 text-end" dir="ltr">
                {names.map((name, index) => (
                  <Fragment key={name}>
                    {index > 0 && ' '}
                    <Key>{name}</Key>
                  </Fragment>
                ))}
              </td>
            </tr>
          ))}
          {hasHoldToTalk && (
            <tr>
              <th scope="row" className="py-1.5 text-start font-normal">
                {t('keys.talk')}
              </th>
              <td className="whitespace-nowrap py-1.5 ps-3 text-end">
                <Key>{t('keys.space')}</Key>
              </td>
            </tr>
          )}
          <tr>
            <th scope="row" className="py-1.5 text-start font-normal">
              {t('keys.close')}
            </th>
            <td className="whitespace-nowrap py-1.5 ps-3 text-end" dir="ltr">
              <Key>Esc</Key>
            </td>
          </tr>
        </tbody>
      </table>
    </>
  )
}

const SOUNDS = [
  { which: 'knock', label: 'settings.knockSound' },
  { which: 'admitted', label: 'settings.admittedSound' },
  { which: 'hand', label: 'settings.handSound' },
  { which: 'comings', label: 'settings.comingsSound' },
  { which: 'message', label: 'settings.messageSound' },
] as const satisfies readonly { which: SoundSwitch; label: string }[]

/** The switches of the sounds, and their volume. */
export function NotificationSettings() {
  const { t } = useTranslation()
  const { sounds, soundVolume } = useWatchable(preferences)
  return (
    <>
      {SOUNDS.map(({ which, label }) => (
        <Switch
          key={which}
          label={t(label)}
          isOn={sounds[which]}
          onChange={(isOn) => preferences.setSound(which, isOn)}
        />
      ))}
      <Slider
        label={t('settings.soundVolume')}
        value={soundVolume}
        onChange={(volume) => preferences.setSoundVolume(volume)}
        onSet={playSample}
      />
    </>
  )
}

function Key({ children }: { children: string }) {
  return (
    <kbd className="inline-block whitespace-nowrap rounded-md border border-line-strong px-1.5 py-0.5 font-sans text-xs">
      {children}
    </kbd>
  )
}
