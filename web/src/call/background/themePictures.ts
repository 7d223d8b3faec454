/** The backgrounds that the theme of this meeting's room offers. */
import { Cell } from '@/lib/store'

class ThemePictures extends Cell<{ brand: string; urls: readonly string[] }> {
  constructor() {
    super({ brand: '', urls: [] })
  }

  /** Takes what a lookup says of the room's theme, null for none. */
  show(theme: { brand_text: string; background_urls: readonly string[] } | null): void {
    this.update({ brand: theme?.brand_text ?? '', urls: theme?.background_urls ?? [] })
  }

  /** The picture; null when the theme of this meeting has none at this address. */
  async find(url: string): Promise<Blob | null> {
    if (!this.getSnapshot().urls.includes(url)) {
      return null
    }
    const answer = await fetch(url)
    return answer.ok ? answer.blob() : null
  }
}

export const themePictures = new ThemePictures()
