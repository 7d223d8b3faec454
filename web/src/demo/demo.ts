/** A page to try the script for embedding: every command as a form, every event in a list. */
import { COMMANDS, type CommandName, type CommandShape, type Field } from '@/embed/schema'

type Script = typeof import('@/embed/index')
type Meeting = InstanceType<Script['MoothallMeeting']>

/** The file that embedding pages load, and no part of this page. */
const SCRIPT = '/embed.js'
const MOST_LINES = 500

let meeting: Meeting | null = null

function find<E extends Element>(selector: string): E {
  const found = document.querySelector<E>(selector)
  if (found === null) {
    throw new Error(`the page has no ${selector}`)
  }
  return found
}

function note(kind: string, name: string, value: unknown): void {
  const log = find<HTMLOListElement>('#log')
  const line = document.createElement('li')
  line.textContent = `${kind} ${name} ${JSON.stringify(value) ?? ''}`
  log.append(line)
  while (log.childElementCount > MOST_LINES) {
    log.firstElementChild?.remove()
  }
  log.scrollTop = log.scrollHeight
}

async function open(room: string, name: string): Promise<void> {
  const { MoothallMeeting } = (await import(/* @vite-ignore */ SCRIPT)) as Script
  meeting?.dispose()
  meeting = new MoothallMeeting(find('#place'), { roomUrl: room, displayName: name })
  meeting.onEach((event, detail) => note('event', event, detail))
}

function inputFor(name: string, field: Field): HTMLLabelElement {
  const label = document.createElement('label')
  label.textContent = name
  const choices = typeof field === 'string' ? (field.startsWith('boolean') ? ['', 'true', 'false'] : null) : field
  const input = document.createElement(choices === null ? 'input' : 'select')
  input.setAttribute('name', name)
  for (const choice of choices ?? []) {
    input.append(new Option(choice, choice))
  }
  label.append(input)
  return label
}

/** The argument as the field wants it; undefined where nothing was entered. */
function parseEntered(text: string, field: Field): unknown {
  if (text === '') {
    return typeof field === 'string' && field.includes('null') ? null : undefined
  }
  if (typeof field === 'string' && field.startsWith('boolean')) {
    return text === 'true'
  }
  return typeof field === 'string' && field.startsWith('number') ? Number(text) : text
}

function formFor(name: CommandName, { text, args = {} }: CommandShape): HTMLLIElement {
  const item = document.createElement('li')
  const form = document.createElement('form')
  const button = document.createElement('button')
  button.textContent = name
  const explanation = document.createElement('p')
  explanation.textContent = text
  form.append(explanation, ...Object.entries(args).map(([key, field]) => inputFor(key, field)), button)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const entered = new FormData(form)
    const given = Object.fromEntries(
      Object.entries(args).flatMap(([key, field]) => {
        const value = parseEntered(String(entered.get(key) ?? ''), field)
        return value === undefined ? [] : [[key, value]]
      }),
    )
    void meeting?.run(name, given as never).then((answer) => note('answer', name, answer))
  })
  item.append(form)
  return item
}

for (const [name, command] of Object.entries<CommandShape>(COMMANDS)) {
  find('#commands').append(formFor(name as CommandName, command))
}
const form = find<HTMLFormElement>('#open')
const roomInput = find<HTMLInputElement>('#open [name="room"]')
roomInput.value = new URLSearchParams(window.location.search).get('room') ?? ''
form.addEventListener('submit', (event) => {
  event.preventDefault()
  const entered = new FormData(form)
  void open(String(entered.get('room')), String(entered.get('name')))
})
