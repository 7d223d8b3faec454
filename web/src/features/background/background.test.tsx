import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, expect, test, vi } from 'vitest'
import { background } from '@/call/background/background'
import { OFF } from '@/call/background/choice'
import { preferences } from '@/lib/preferences'
import { rememberedChoices } from '@/lib/storage'
import { accessibilityFaults, renderPage } from '@/testing/render'
import { BackgroundPicker } from './BackgroundPicker'
import { BackgroundNotice } from './background'

afterEach(() => {
  background.choose(OFF)
  preferences.setMirrorsVideo(true)
})

test('a choice is one of a group, and is kept', async () => {
  const { container } = await renderPage(<BackgroundPicker />)
  expect(screen.getByRole('radio', { name: 'None' })).toBeChecked()
  await userEvent.click(screen.getByRole('radio', { name: 'Light blur' }))

  expect(screen.getByRole('radio', { name: 'Light blur' })).toBeChecked()
  expect(rememberedChoices.read('background')).toBe('blur:light')
  await userEvent.keyboard('{ArrowRight}')
  expect(rememberedChoices.read('background')).toBe('blur:strong')
  expect(await accessibilityFaults(container)).toEqual([])
})

test('a camera that could not hide the background asks whether to go on without', async () => {
  const onTurnOn = vi.fn()
  background.choose({ kind: 'blur', strength: 'strong' })
  background.report('failed')
  await renderPage(<BackgroundNotice onTurnOn={onTurnOn} />)
  expect(screen.getByText('The background could not be hidden. Turn on the camera without it?')).toBeInTheDocument()
  await userEvent.click(screen.getByRole('button', { name: 'Turn on without it' }))

  expect(background.getSnapshot()).toEqual({ chosen: OFF, trouble: null })
  expect(onTurnOn).toHaveBeenCalledOnce()
})

test('trying again keeps the choice', async () => {
  const onTurnOn = vi.fn()
  background.choose({ kind: 'blur', strength: 'strong' })
  background.report('slow')
  await renderPage(<BackgroundNotice onTurnOn={onTurnOn} />)
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }))

  expect(background.getSnapshot()).toEqual({ chosen: { kind: 'blur', strength: 'strong' }, trouble: null })
  expect(onTurnOn).toHaveBeenCalledOnce()
})

test('one sees oneself mirrored until one turns it off, and that is kept', async () => {
  const { container } = await renderPage(<BackgroundPicker />)
  const mirror = screen.getByRole('switch', { name: 'Mirror my video' })
  expect(mirror).toBeChecked()
  expect(mirror).toHaveAccessibleDescription(/Only you see it mirrored/)
  await userEvent.click(mirror)

  expect(mirror).not.toBeChecked()
  expect(rememberedChoices.read('mirroredVideo')).toBe('false')
  expect(await accessibilityFaults(container)).toEqual([])
})
