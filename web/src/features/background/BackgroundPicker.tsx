import { Ban, ImagePlus, Trash2 } from 'lucide-react'
import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { background } from '@/call/background/background'
import { type Background, SCENES, type Scene, writeBackground } from '@/call/background/choice'
import { MOST_PICTURES, ownPictures } from '@/call/background/pictures'
import { drawScene } from '@/call/background/scenes'
import { themePictures } from '@/call/background/themePictures'
import { useWatchable } from '@/lib/useWatchable'
import { Button } from '@/ui/Button'
import { MirrorSwitch } from './MirrorSwitch'

/** The backgrounds to choose from: none, blurred, the theme's, ours, and one's own pictures. */
export function BackgroundPicker() {
  const { t, i18n } = useTranslation()
  const { chosen } = useWatchable(background)
  const { all } = useWatchable(ownPictures)
  const { brand, urls } = useWatchable(themePictures)
  const [isUnreadable, setUnreadable] = useState(false)
  const file = useRef<HTMLInputElement>(null)
  useEffect(() => void ownPictures.load(), [])
  const counted = (number: number) => new Intl.NumberFormat(i18n.language).format(number)

  const add = async (picked: File) => {
    setUnreadable(false)
    try {
      background.choose({ kind: 'own', id: await ownPictures.add(picked) })
    } catch {
      setUnreadable(true)
    }
  }
  const remove = (id: string) => {
    if (chosen.kind === 'own' && chosen.id === id) {
      // The room behind stays hidden.
      background.choose({ kind: 'blur', strength: 'strong' })
    }
    void ownPictures.remove(id)
  }
  const choice = (value: Background, label: string, picture: ReactNode) => (
    <Choice
      key={writeBackground(value)}
      label={label}
      isChosen={writeBackground(value) === writeBackground(chosen)}
      onChoose={() => background.choose(value)}
    >
      {picture}
    </Choice>
  )

  return (
    <>
      <fieldset className="grid grid-cols-3 gap-2 sm:gap-3">
        <legend className="sr-only">{t('background.title')}</legend>
        {choice({ kind: 'off' }, t('background.off'), <Ban className="size-6" aria-hidden="true" />)}
        {choice({ kind: 'blur', strength: 'light' }, t('background.blurLight'), <Dots blur="blur-[2px]" />)}
        {choice({ kind: 'blur', strength: 'strong' }, t('background.blurStrong'), <Dots blur="blur-[6px]" />)}
        {urls.map((url, index) =>
          choice(
            { kind: 'theme', url },
            t('background.theme', { brand, number: counted(index + 1) }),
            <img src={url} alt="" className="size-full object-cover" />,
          ),
        )}
        {SCENES.map((scene) =>
          choice({ kind: 'scene', scene }, t(`background.scenes.${scene}`), <SceneThumb scene={scene} />),
        )}
        {all.map(({ id, url }, index) => (
          <div key={id} className="relative">
            {choice(
              { kind: 'own', id },
              t('background.own', { number: counted(index + 1) }),
              <img src={url} alt="" className="size-full object-cover" />,
            )}
            <button
              type="button"
              aria-label={t('background.remove', { number: counted(index + 1) })}
              onClick={() => remove(id)}
              className="absolute end-0 top-0 flex size-11 items-center justify-center"
            >
              <span className="flex size-8 items-center justify-center rounded-lg bg-black/60 text-white">
                <Trash2 className="size-4" aria-hidden="true" />
              </span>
            </button>
          </div>
        ))}
      </fieldset>
      {all.length < MOST_PICTURES && (
        <>
          <input
            ref={file}
            type="file"
            accept="image/jpeg,image/png,image/webp"
            aria-label={t('background.add')}
            hidden
            onChange={({ target }) => {
              const [picked] = target.files ?? []
              target.value = ''
              if (picked !== undefined) {
                void add(picked)
              }
            }}
          />
          <Button className="mt-4" onClick={() => file.current?.click()}>
            <ImagePlus className="size-5" aria-hidden="true" />
            {t('background.add')}
          </Button>
        </>
      )}
      {isUnreadable && (
        <p role="alert" className="mt-2 text-danger-ink text-sm">
          {t('background.unreadable')}
        </p>
      )}
      <p className="mt-3 text-muted text-sm">{t('background.note')}</p>
      <div className="mt-2">
        <MirrorSwitch />
      </div>
    </>
  )
}

interface ChoiceProps {
  label: string
  isChosen: boolean
  onChoose: () => void
  children: ReactNode
}

function Choice({ label, isChosen, onChoose, children }: ChoiceProps) {
  return (
    <label className="block cursor-pointer">
      <input type="radio" name="background" className="peer sr-only" checked={isChosen} onChange={onChoose} />
      <span className="flex aspect-video items-center justify-center overflow-hidden rounded-xl border-3 border-transparent bg-sunken text-muted outline-offset-2 peer-checked:border-accent-line peer-focus-visible:outline-2 peer-focus-visible:outline-accent-line">
        {children}
      </span>
      <span className="mt-1 block text-center text-sm">{label}</span>
    </label>
  )
}

/** Something to see a blur on. */
function Dots({ blur }: { blur: string }) {
  return (
    <span aria-hidden="true" className={`flex size-full items-center justify-center gap-2 ${blur}`}>
      <span className="size-5 rounded-full bg-accent" />
      <span className="size-7 rounded-full bg-line-strong" />
      <span className="size-4 rounded-full bg-warn-ink" />
    </span>
  )
}

function SceneThumb({ scene }: { scene: Scene }) {
  const draw = useCallback(
    (canvas: HTMLCanvasElement | null) => {
      const context = canvas?.getContext('2d')
      if (context) {
        drawScene(scene, context)
      }
    },
    [scene],
  )
  return (
    <span aria-hidden="true" className="size-full">
      <canvas ref={draw} width={320} height={180} className="size-full object-cover" />
    </span>
  )
}
