import { renderHook } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, test } from 'vitest'
import { useRegionKeys } from './useRegionKeys'

const focused = () => document.activeElement?.id

beforeEach(() => {
  document.body.innerHTML = `
    <section data-region><button id="first" tabindex="-1"></button><button id="tile"></button></section>
    <section data-region><h2 id="panel" tabindex="-1" data-region-start></h2><button></button></section>
    <section data-region><p>nothing to focus</p></section>
    <div data-region><button disabled></button><button id="mute"></button></div>`
  renderHook(() => useRegionKeys())
})

test('F6 goes round the parts of the page and passes over those without anything to focus', async () => {
  const seen: (string | undefined)[] = []
  for (let times = 0; times < 4; times += 1) {
    await userEvent.keyboard('{F6}')
    seen.push(focused())
  }
  expect(seen).toEqual(['tile', 'panel', 'mute', 'tile'])
})

test('Shift+F6 goes back, and begins with the last part', async () => {
  await userEvent.keyboard('{Shift>}{F6}{/Shift}')
  expect(focused()).toBe('mute')
  await userEvent.keyboard('{Shift>}{F6}{/Shift}')
  expect(focused()).toBe('panel')
})

test('F6 stays within what is open in front', async () => {
  document.body.insertAdjacentHTML('beforeend', '<div role="dialog"></div>')
  await userEvent.keyboard('{F6}')
  expect(focused()).toBe('')
})
