import { rememberedChoices } from './storage'
import { Cell } from './store'

export type SoundName = 'knock' | 'hand' | 'admitted' | 'join' | 'leave' | 'message'
/** Sounds that belong together have one switch. */
export type SoundSwitch = 'knock' | 'hand' | 'admitted' | 'comings' | 'message'

const SWITCH_OF: Readonly<Record<SoundName, SoundSwitch>> = {
  knock: 'knock',
  hand: 'hand',
  admitted: 'admitted',
  join: 'comings',
  leave: 'comings',
  message: 'message',
}

/** The personal settings; kept in this browser. */
export interface Preferences {
  /** Whether single letters are shortcuts (WCAG 2.2, 2.1.4). */
  hasLetterKeys: boolean
  /**
   * Which sounds are on: somebody would like to come in, has raised a hand, let one in while one
   * looks elsewhere, came or went, wrote a message.
   */
  sounds: Readonly<Record<SoundSwitch, boolean>>
  /** From 0 to 100. */
  soundVolume: number
  /** Whether reactions of others rise over the stage. */
  showsReactions: boolean
  /** Whether the microphone is heard as it is, without what the browser does for voices. */
  hasOriginalSound: boolean
  /** Whether noise is taken out of the microphone's sound. */
  hasNoiseReduction: boolean
  /** Whether somebody who speaks while muted is told so. */
  tellsMutedSpeech: boolean
  /** Whether holding the space bar unmutes for as long as it lasts. */
  hasHoldToTalk: boolean
  /** Whether this person sees their own camera as in a mirror; the others never do. */
  mirrorsVideo: boolean
  /** Whether the small window opens when the person looks at another tab. */
  opensSmallWindow: boolean
}

class PreferenceCell extends Cell<Preferences> {
  constructor() {
    super({
      hasLetterKeys: isOn('letterKeys'),
      sounds: {
        knock: isOn('knockSound'),
        hand: isOn('handSound'),
        admitted: isOn('admittedSound'),
        comings: isOn('comingsSound'),
        message: isOn('messageSound', false),
      },
      soundVolume: readVolume(),
      showsReactions: isOn('reactions'),
      hasOriginalSound: isOn('originalSound', false),
      hasNoiseReduction: isOn('noiseReduction', false),
      tellsMutedSpeech: isOn('mutedSpeech'),
      hasHoldToTalk: isOn('holdToTalk'),
      mirrorsVideo: isOn('mirroredVideo'),
      opensSmallWindow: isOn('smallWindow', false),
    })
  }

  setLetterKeys(isWanted: boolean): void {
    rememberedChoices.write('letterKeys', String(isWanted))
    this.update({ hasLetterKeys: isWanted })
  }

  hasSound(name: SoundName): boolean {
    return this.getSnapshot().sounds[SWITCH_OF[name]]
  }

  setSound(which: SoundSwitch, isWanted: boolean): void {
    rememberedChoices.write(`${which}Sound`, String(isWanted))
    this.update({ sounds: { ...this.getSnapshot().sounds, [which]: isWanted } })
  }

  setSoundVolume(volume: number): void {
    rememberedChoices.write('soundVolume', String(volume))
    this.update({ soundVolume: volume })
  }

  setShowsReactions(isWanted: boolean): void {
    rememberedChoices.write('reactions', String(isWanted))
    this.update({ showsReactions: isWanted })
  }

  setOriginalSound(isWanted: boolean): void {
    rememberedChoices.write('originalSound', String(isWanted))
    this.update({ hasOriginalSound: isWanted })
  }

  setNoiseReduction(isWanted: boolean): void {
    rememberedChoices.write('noiseReduction', String(isWanted))
    this.update({ hasNoiseReduction: isWanted })
  }

  setTellsMutedSpeech(isWanted: boolean): void {
    rememberedChoices.write('mutedSpeech', String(isWanted))
    this.update({ tellsMutedSpeech: isWanted })
  }

  setHoldToTalk(isWanted: boolean): void {
    rememberedChoices.write('holdToTalk', String(isWanted))
    this.update({ hasHoldToTalk: isWanted })
  }

  setMirrorsVideo(isWanted: boolean): void {
    rememberedChoices.write('mirroredVideo', String(isWanted))
    this.update({ mirrorsVideo: isWanted })
  }

  setOpensSmallWindow(isWanted: boolean): void {
    rememberedChoices.write('smallWindow', String(isWanted))
    this.update({ opensSmallWindow: isWanted })
  }
}

function isOn(key: string, unlessChosen = true): boolean {
  return (rememberedChoices.read(key) ?? String(unlessChosen)) !== 'false'
}

function readVolume(): number {
  const volume = Number(rememberedChoices.read('soundVolume') ?? 50)
  return volume >= 0 && volume <= 100 ? volume : 50
}

export const preferences = new PreferenceCell()
