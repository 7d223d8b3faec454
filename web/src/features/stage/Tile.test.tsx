import { act, screen } from '@testing-library/react'
import { afterEach, expect, test } from 'vitest'
import { preferences } from '@/lib/preferences'
import { aView } from '@/testing/builders'
import { accessibilityFaults, renderPage } from '@/testing/render'
import { CameraTileView } from './Tile'

afterEach(() => preferences.setMirrorsVideo(true))

test('a tile tells who it is and how they are', async () => {
  const { container } = await renderPage(<CameraTileView view={aView({ isMuted: true, connection: 'weak' })} />)

  const tile = screen.getByTestId('tile')
  expect(tile).toHaveAccessibleName('Ada, Microphone off, Camera off, Weak connection')
  expect(tile.dataset).toMatchObject({
    participant: 'ada',
    kind: 'camera',
    participantName: 'Ada',
    muted: 'true',
    speaking: 'false',
  })
  expect(await accessibilityFaults(container)).toEqual([])
})

test('I am marked as myself, and my data stay by my name', async () => {
  await renderPage(<CameraTileView view={aView({ isLocal: true, isSpeaking: true })} />)

  expect(screen.getByText('Ada (you)')).toBeVisible()
  expect(screen.getByTestId('tile').dataset).toMatchObject({ participantName: 'Ada', speaking: 'true' })
})

test('a host has a mark, and a guest with the name of one is called none', async () => {
  const { container } = await renderPage(
    <>
      <CameraTileView view={aView({ isHost: true })} />
      <CameraTileView view={aView({ id: 'eve', name: 'Аda', shownName: 'Аda', isLookalike: true })} />
    </>,
  )

  const [host, guest] = screen.getAllByTestId('tile')
  expect(host).toHaveAccessibleName('Ada, Host, Camera off')
  expect(screen.getByRole('img', { name: 'Host' })).toBeVisible()
  expect(guest).toHaveAccessibleName('Аda, Not a host, although the name looks like it, Camera off')
  expect(screen.getByText('Not a host')).toBeVisible()
  expect(await accessibilityFaults(container)).toEqual([])
})

test('only my own picture is mirrored, and not where I do not want it', async () => {
  const camera = { attach: () => undefined, detach: () => undefined }
  await renderPage(
    <>
      <CameraTileView view={aView({ isLocal: true, isMirrored: true, camera })} />
      <CameraTileView view={aView({ id: 'grace', name: 'Grace', camera })} />
    </>,
  )
  const areMirrored = () =>
    screen.getAllByTestId('tile').map((tile) => tile.querySelector('video')?.classList.contains('-scale-x-100'))
  expect(areMirrored()).toEqual([true, false])

  act(() => preferences.setMirrorsVideo(false))
  expect(areMirrored()).toEqual([false, false])
})
