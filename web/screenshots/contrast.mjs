/**
 * Contrast that axe does not look at (WCAG 2.2, 1.4.11 and 2.4.13): icons of controls without
 * words, edges of fields, switches, and the ring around what has the focus, each with at least 3:1.
 * Runs inside a page, past its policy.
 */

/** Icons of controls without words, edges of fields, and switches: one line per fault. */
export async function iconFaults(page) {
  await prepare(page)
  return page.evaluate(() => window.contrastCheck.icons())
}

/** The ring around everything that can have the focus, one after the other. */
export async function ringFaults(page) {
  await prepare(page)
  // After a key, the element with the focus shows its ring, as for somebody who uses the keyboard.
  await page.keyboard.press('Shift')
  return page.evaluate(() => window.contrastCheck.rings())
}

async function prepare(page) {
  if (!(await page.evaluate(() => 'contrastCheck' in window))) {
    await page.evaluate(`(${install})()`)
  }
}

function install() {
  const LEAST = 3
  const CONTROLS = 'button, a[href], input, textarea, select, summary, [role="menuitem"], [tabindex]'
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })
  const known = new Map()

  /** Red, green, blue (0 to 255) and alpha (0 to 1) of any colour that CSS can say. */
  function read(colour) {
    if (!known.has(colour)) {
      canvas.clearRect(0, 0, 1, 1)
      canvas.fillStyle = colour
      canvas.fillRect(0, 0, 1, 1)
      const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data
      known.set(colour, [red, green, blue, alpha / 255])
    }
    return known.get(colour)
  }

  const over = ([r, g, b, alpha], [red, green, blue]) => [
    r * alpha + red * (1 - alpha),
    g * alpha + green * (1 - alpha),
    b * alpha + blue * (1 - alpha),
    1,
  ]

  function luminance([r, g, b]) {
    const [red, green, blue] = [r, g, b].map((part) => {
      const share = part / 255
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }

  function contrast(one, other) {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a)
    return (light + 0.05) / (dark + 0.05)
  }

  /** The picture under the middle of an element, whose ground may then have any colour. */
  function pictureUnder(element) {
    const place = element.getBoundingClientRect()
    const layers = document.elementsFromPoint(place.left + place.width / 2, place.top + place.height / 2)
    const own = layers.findIndex((layer) => element === layer || element.contains(layer))
    return layers.slice(Math.max(0, own)).find((layer) => layer.matches('video') && !element.contains(layer))
  }

  const ANY = [
    [0, 0, 0, 1],
    [255, 255, 255, 1],
  ]
  const stack = (layers, ground) => layers.reduceRight((under, layer) => over(layer, under), ground)

  /**
   * The colours that may be behind the content of an element: one, or the two extremes where it
   * lies on a picture. `picture`: the one under it.
   */
  function grounds(element, picture = pictureUnder(element)) {
    const layers = []
    for (let at = element; at !== null; at = at.parentElement) {
      if (picture !== undefined && at.contains(picture)) {
        return ANY.map((ground) => stack(layers, ground))
      }
      const colour = read(getComputedStyle(at).backgroundColor)
      if (colour[3] > 0) {
        layers.push(colour)
      }
      if (colour[3] === 1) {
        break
      }
    }
    return [stack(layers, [255, 255, 255, 1])]
  }

  function shown(colour, element) {
    let [red, green, blue, alpha] = read(colour)
    for (let at = element; at !== null; at = at.parentElement) {
      alpha *= Number(getComputedStyle(at).opacity)
    }
    return [red, green, blue, alpha]
  }

  /** The least contrast of a colour on an element with what is behind it. */
  const least = (colour, element, behind) =>
    Math.min(...grounds(behind).map((ground) => contrast(over(shown(colour, element), ground), ground)))

  const isSeen = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    element.getBoundingClientRect().width > 1
  const isOff = (element) => element.matches(':disabled, [aria-disabled="true"], [data-disabled]')

  function hasWords(element) {
    if (element.matches('select')) {
      return read(getComputedStyle(element).color)[3] > 0
    }
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const range = document.createRange()
      range.selectNodeContents(node)
      const { width, height } = range.getBoundingClientRect()
      if (
        node.textContent.trim() !== '' &&
        width > 1 &&
        height > 1 &&
        node.parentElement.getBoundingClientRect().width > 1
      ) {
        return true
      }
    }
    return false
  }

  const name = (element) => element.outerHTML.replace(/\s+/g, ' ').slice(0, 180)
  const say = (what, ratio, element) => `${what} ${ratio.toFixed(2)}:1 ${name(element)}`

  function icons() {
    const faults = []
    for (const control of document.querySelectorAll(CONTROLS)) {
      if (!isSeen(control) || isOff(control)) {
        continue
      }
      const style = getComputedStyle(control)
      const around = control.parentElement
      if (control.matches('[role="switch"]')) {
        const [thumb] = control.children
        const edge = Math.max(
          least(style.borderTopColor, control, around),
          least(style.backgroundColor, control, around),
        )
        const inside = least(getComputedStyle(thumb).backgroundColor, thumb, control)
        for (const ratio of [edge, inside].filter((one) => one < LEAST)) {
          faults.push(say('switch', ratio, control))
        }
      } else if (
        control.matches('textarea, input:not([type="radio"], [type="checkbox"], [type="range"], [type="file"])')
      ) {
        // The edge may be that of the frame around the field.
        const frames = [control, control.parentElement, control.parentElement.parentElement]
        const edge = Math.max(
          ...frames.map((frame) => {
            const { borderTopWidth, borderTopColor } = getComputedStyle(frame)
            return borderTopWidth === '0px' ? 1 : least(borderTopColor, frame, frame.parentElement)
          }),
        )
        if (edge < LEAST) {
          faults.push(say('edge of a field', edge, control))
        }
      } else if (!hasWords(control)) {
        const parts = control.matches('select')
          ? around.querySelectorAll(':scope > svg')
          : control.querySelectorAll('svg')
        for (const icon of [...parts].filter(isSeen)) {
          const behind = control.matches('select') ? control : icon
          const ratio = least(getComputedStyle(icon).color, icon, behind)
          if (ratio < LEAST) {
            faults.push(say('icon', ratio, control))
          }
        }
      }
    }
    return faults
  }

  /** The fault of the ring of an element that has the focus; null where there is none. */
  function ringFault(element) {
    const ringed = [element, element.nextElementSibling, element.parentElement].find((one) => {
      const { outlineStyle, outlineWidth } = one === null ? {} : getComputedStyle(one)
      return outlineStyle !== undefined && outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2
    })
    if (ringed === undefined) {
      return `no ring ${name(element)}`
    }
    const { outlineWidth, outlineColor, outlineOffset, boxShadow } = getComputedStyle(ringed)
    const offset = Number.parseFloat(outlineOffset)
    const behind = offset < 0 ? ringed : ringed.parentElement
    // A dark line around the ring stands between it and the ground.
    const halo = boxShadow.match(/^(.+\)) 0px 0px 0px ([\d.]+)px/)
    const reach = Number.parseFloat(outlineWidth) + Math.max(0, offset)
    const hasHalo = halo !== null && Number.parseFloat(halo[2]) > reach
    const all = grounds(behind, pictureUnder(ringed))
    const under = hasHalo ? all.map((ground) => over(read(halo[1]), ground)) : all
    const ratio = Math.min(...under.map((ground) => contrast(over(read(outlineColor), ground), ground)))
    return ratio < LEAST ? say('ring', ratio, element) : null
  }

  function rings() {
    const faults = []
    const before = document.activeElement
    // A ring is measured as it is in the end.
    const still = new CSSStyleSheet()
    still.replaceSync('* { transition: none !important; animation: none !important }')
    document.adoptedStyleSheets.push(still)
    const front = [...document.querySelectorAll('[role="menu"], [role="dialog"], [role="alertdialog"]')].at(-1)
    for (const element of (front ?? document).querySelectorAll(CONTROLS)) {
      const isHeading =
        element.matches('h1, h2, h3, [role="menu"], [role="presentation"]') ||
        element.hasAttribute('data-base-ui-focus-guard')
      if (isHeading || isOff(element) || !element.checkVisibility({ visibilityProperty: true })) {
        continue
      }
      element.focus({ preventScroll: true })
      if (document.activeElement === element && element.getBoundingClientRect().width > 0) {
        const fault = ringFault(element)
        if (fault !== null) {
          faults.push(fault)
        }
      }
    }
    before?.focus?.({ preventScroll: true })
    document.adoptedStyleSheets.pop()
    return faults
  }

  window.contrastCheck = { icons, rings }
}
