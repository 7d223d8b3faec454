import { expect, test, vi } from 'vitest'
import { PageError, pageClient } from './page'

function answer(status: number, body: unknown, headers: Record<string, string> = {}) {
  const calls: [string, RequestInit][] = []
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
    calls.push([path, init])
    return new Response(status === 204 ? null : JSON.stringify(body), { status, headers })
  })
  return calls
}

async function failure(promise: Promise<unknown>): Promise<PageError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof PageError)) {
    throw new Error('expected a PageError')
  }
  return error
}

test('a lookup sends code and token in the body and nothing in the address', async () => {
  const calls = answer(200, { role: 'owner', participants: 3, room: {} })

  const lookup = await pageClient.lookup({ meetingCode: '123456789', participantToken: 'secret' })

  expect(lookup.participants).toBe(3)
  expect(calls[0]?.[0]).toBe('/page/lookup')
  expect(calls[0]?.[1].body).toBe('{"meeting_code":"123456789","participant_token":"secret"}')
  expect(calls[0]?.[1].credentials).toBe('omit')
})

test('ending uses the control token as bearer', async () => {
  const calls = answer(204, null)

  await pageClient.end('control')

  expect(new Headers(calls[0]?.[1].headers).get('Authorization')).toBe('Bearer control')
})

test('who waits asks with the token in the body; the owner lists and answers with the control token', async () => {
  const waiting = answer(200, { status: 'denied', retry_after: 60 })
  expect(await pageClient.askLobby('ticket')).toEqual({ status: 'denied', retry_after: 60 })
  expect(waiting[0]?.[0]).toBe('/page/waiting')
  expect(waiting[0]?.[1].body).toBe('{"lobby_token":"ticket"}')

  const person = { participant_id: 'a', name: 'Ada', since: '2026-11-22T10:00:00.000Z' }
  const list = answer(200, { waiting: [person] })
  expect(await pageClient.listWaiting('control')).toEqual([person])
  expect(list[0]?.[0]).toBe('/page/waiting-list')
  expect(list[0]?.[1]).toMatchObject({ method: 'GET', headers: { Authorization: 'Bearer control' } })
  expect(list[0]?.[1].body).toBeUndefined()

  const answers = answer(204, null)
  await pageClient.admit('control', 'a')
  await pageClient.deny('control', 'b')
  expect(answers.map(([path, init]) => [path, init.body])).toEqual([
    ['/page/admit', '{"participant_id":"a"}'],
    ['/page/deny', '{"participant_id":"b"}'],
  ])
})

test.each([
  [404, { code: 'unknown_meeting' }, 'unknown_meeting'],
  [410, { code: 'meeting_expired' }, 'meeting_expired'],
  [409, { code: 'meeting_full' }, 'meeting_full'],
  [403, { code: 'host_link_invalid' }, 'host_link_invalid'],
  [429, 'slow down', 'too_many_requests'],
  [500, { code: 'something_new' }, 'unavailable'],
  [502, '<html>', 'unavailable'],
])('%d with %j is %s', async (status, body, code) => {
  answer(status, body)

  expect((await failure(pageClient.lookup({ meetingCode: '1', participantToken: null }))).code).toBe(code)
})

test('the wait the server asks for is passed on', async () => {
  answer(503, { code: 'unavailable' }, { 'Retry-After': '7' })

  expect((await failure(pageClient.lookup({ meetingCode: '1', participantToken: null }))).retryAfter).toBe(7)
})

test('no answer at all is offline', async () => {
  vi.stubGlobal('fetch', async () => {
    throw new TypeError('Failed to fetch')
  })

  expect(
    (
      await failure(
        pageClient.join({ meetingCode: '1', participantToken: null, name: 'Ada', rejoinToken: null, lobbyToken: null }),
      )
    ).code,
  ).toBe('offline')
})

test('a success that is not an object is not believed', async () => {
  answer(200, 'hello')

  expect((await failure(pageClient.lookup({ meetingCode: '1', participantToken: null }))).code).toBe('unavailable')
})
