/**
 * The element for what opens in front of the page and is no dialog: inside the main landmark, so
 * that screen readers know where it belongs.
 */
export function landmark(): HTMLElement {
  return document.querySelector('main') ?? document.body
}
