import { act, screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test } from 'vitest'
import { type CheckResult, ConnectionCheck } from '@/call/check/connectionCheck'
import { aCheckTicket } from '@/testing/builders'
import { accessibilityFaults, renderPage } from '@/testing/render'
import { ConnectionCheckSection } from './ConnectionCheckSection'

function aResult(change: Partial<CheckResult['findings']> = {}): CheckResult {
  return {
    at: 0,
    ports: 'UDP 7882, TCP 7881',
    findings: {
      verdict: 'good',
      camera: 'granted',
      microphone: 'prompt',
      udp: true,
      tcp: null,
      relayed: false,
      round_trip_ms: 24,
      jitter_ms: null,
      upload_kbps: 1650,
      download_kbps: 820,
      upload_loss_percent: 0,
      download_loss_percent: 1.25,
      ...change,
    },
  }
}

async function show(result: CheckResult | null = null) {
  const check = new ConnectionCheck(
    async () => aCheckTicket(),
    async () => () => new Promise(() => undefined),
  )
  check.update({ result })
  return { check, ...(await renderPage(<ConnectionCheckSection check={check} />)) }
}

async function card(): Promise<HTMLElement> {
  return screen.findByTestId('check-result')
}

test('one button starts, stops and starts again, and keeps the focus', async () => {
  const { check } = await show()
  await userEvent.tab()
  await userEvent.keyboard('{Enter}')

  const button = screen.getByRole('button', { name: 'Stop checking' })
  expect(button).toHaveFocus()
  expect(await screen.findByText('Connecting…', { selector: 'section *' })).toBeVisible()
  await userEvent.keyboard('{Enter}')
  expect(screen.getByRole('button', { name: 'Check connection' })).toHaveFocus()

  act(() => check.update({ result: aResult() }))
  expect(screen.getByRole('button', { name: 'Check again' })).toHaveFocus()
})

test('a good result says so first and then in numbers', async () => {
  await show(aResult())
  const result = await card()

  expect(within(result).getByText('Your connection is good for video.')).toBeVisible()
  const rows = within(result)
    .getAllByRole('term')
    .map((term) => [term.textContent, term.nextElementSibling?.textContent])
  expect(rows).toEqual([
    ['Camera', 'Allowed'],
    ['Microphone', 'Not asked yet'],
    ['UDP', 'Works'],
    ['TCP', 'Not tried'],
    ['Round trip', '24 ms'],
    ['Upload', '1.7 Mbit/s or more'],
    ['Download', '0.8 Mbit/s'],
    ['Packet loss', '1.3%'],
  ])
})

test('where UDP is blocked it says what the administrator has to allow', async () => {
  await show(aResult({ udp: false, tcp: true }))

  expect(within(await card()).getByText(/This network blocks UDP\..*allow UDP 7882 to localhost\./)).toBeVisible()
})

test('where nothing gets through it says that, too', async () => {
  await show(aResult({ verdict: 'blocked', udp: false, tcp: false }))

  expect(within(await card()).getByText('Sound and video do not get through.')).toBeVisible()
  expect(within(await card()).getByText(/allow UDP 7882, TCP 7881 to localhost\./)).toBeVisible()
})

test.each([
  ['too_many_requests', /Many people are checking/],
  ['offline', /could not be checked\. You can still join/],
] as const)('a check that fails with %s says so', async (failure, words) => {
  const { check } = await show()
  act(() => check.update({ failure }))

  expect(screen.getByRole('note')).toHaveTextContent(words)
  expect(screen.getByRole('button', { name: 'Check again' })).toBeVisible()
})

test('axe finds nothing', async () => {
  const { container } = await show(aResult({ udp: false }))
  await card()

  expect(await accessibilityFaults(container)).toEqual([])
})
