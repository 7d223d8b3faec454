/**
 * Gives this page a secure context and media devices that do what the test says; the setup takes
 * them away again.
 */
export function provideMediaDevices(mediaDevices: Partial<MediaDevices>): void {
  Object.defineProperty(window, 'isSecureContext', { value: true, configurable: true })
  Object.defineProperty(navigator, 'mediaDevices', { value: mediaDevices, configurable: true })
}

export function removeMediaDevices(): void {
  Reflect.deleteProperty(window, 'isSecureContext')
  Reflect.deleteProperty(navigator, 'mediaDevices')
}
