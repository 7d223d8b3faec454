import { screen } from '@testing-library/react'
import { expect, test } from 'vitest'
import { aView } from '@/testing/builders'
import { accessibilityFaults, renderPage } from '@/testing/render'
import { TileView } from './Tile'

test('a tile tells who it is and how they are', async () => {
  const { container } = await renderPage(<TileView view={aView({ isMuted: true, connection: 'weak' })} />)

  const tile = screen.getByTestId('tile')
  expect(tile).toHaveAccessibleName('Ada, Microphone off, Camera off, Weak connection')
  expect(tile.dataset).toMatchObject({ participantName: 'Ada', muted: 'true', speaking: 'false' })
  expect(await accessibilityFaults(container)).toEqual([])
})

test('I am marked as myself, and my data stay by my name', async () => {
  await renderPage(<TileView view={aView({ isLocal: true, isSpeaking: true })} />)

  expect(screen.getByText('Ada (you)')).toBeVisible()
  expect(screen.getByTestId('tile').dataset).toMatchObject({ participantName: 'Ada', speaking: 'true' })
})
