import { rememberedChoices } from './storage'
import { Cell } from './store'

/** The personal settings; kept in this browser. */
export interface Preferences {
  /** Whether single letters are shortcuts (WCAG 2.2, 2.1.4). */
  hasLetterKeys: boolean
  /** Whether a sound tells a host that somebody would like to come in. */
  hasKnockSound: boolean
  /** Whether a sound tells a host that somebody has raised a hand. */
  hasHandSound: boolean
  /** Whether a sound tells somebody who looks elsewhere that they were let in. */
  hasAdmittedSound: boolean
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
  /** Whether the small window opens when the person looks at another tab. */
  opensSmallWindow: boolean
}

class PreferenceCell extends Cell<Preferences> {
  constructor() {
    super({
      hasLetterKeys: isOn('letterKeys'),
      hasKnockSound: isOn('knockSound'),
      hasHandSound: isOn('handSound'),
      hasAdmittedSound: isOn('admittedSound'),
      showsReactions: isOn('reactions'),
      hasOriginalSound: isOn('originalSound', false),
      hasNoiseReduction: isOn('noiseReduction', false),
      tellsMutedSpeech: isOn('mutedSpeech'),
      hasHoldToTalk: isOn('holdToTalk'),
      opensSmallWindow: isOn('smallWindow', false),
    })
  }

  setLetterKeys(isWanted: boolean): void {
    rememberedChoices.write('letterKeys', String(isWanted))
    this.update({ hasLetterKeys: isWanted })
  }

  setKnockSound(isWanted: boolean): void {
    rememberedChoices.write('knockSound', String(isWanted))
    this.update({ hasKnockSound: isWanted })
  }

  setHandSound(isWanted: boolean): void {
    rememberedChoices.write('handSound', String(isWanted))
    this.update({ hasHandSound: isWanted })
  }

  setAdmittedSound(isWanted: boolean): void {
    rememberedChoices.write('admittedSound', String(isWanted))
    this.update({ hasAdmittedSound: isWanted })
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

  setOpensSmallWindow(isWanted: boolean): void {
    rememberedChoices.write('smallWindow', String(isWanted))
    this.update({ opensSmallWindow: isWanted })
  }
}

function isOn(key: string, unlessChosen = true): boolean {
  return (rememberedChoices.read(key) ?? String(unlessChosen)) !== 'false'
}

export const preferences = new PreferenceCell()
