import { useEffect } from 'react'
import type { Theme } from '@/api/page'
import { brandColours, DARK_SURFACE, LIGHT_SURFACE } from '@/lib/brandColours'
import { scheme } from '@/lib/scheme'
import { useWatchable } from '@/lib/useWatchable'
import type { Brand } from '@/ui/Logo'

/** Puts a room's theme onto the page while it is shown, and gives what the logo needs. */
export function useBrand(theme: Theme | null): Brand | null {
  const { isDark } = useWatchable(scheme)

  useEffect(() => {
    const colours = theme === null ? null : brandColours(theme.main_color, isDark ? DARK_SURFACE : LIGHT_SURFACE)
    const { style } = document.documentElement
    for (const [name, value] of Object.entries(colours ?? {})) {
      style.setProperty(name, value)
    }
    return () => {
      for (const name of Object.keys(colours ?? {})) {
        style.removeProperty(name)
      }
    }
  }, [theme, isDark])

  useEffect(() => {
    const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]')
    if (icon === null || !theme?.branded_favicon_url) {
      return
    }
    const { href, type } = icon
    icon.type = 'image/png'
    icon.href = theme.branded_favicon_url
    return () => {
      icon.type = type
      icon.href = href
    }
  }, [theme])

  return theme === null
    ? null
    : { text: theme.brand_text, colouredLogo: theme.brand_image_colored_url, whiteLogo: theme.brand_image_white_url }
}
