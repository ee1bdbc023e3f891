import { styleText } from 'node:util'
import type { Received } from '../sink/receive.ts'
import type { Arrival } from './progress.ts'
import type { DemoEvent } from './script.ts'

/**
 * Tells by a few requests what is registered, what goes in and what leaves: of each kind and at each receiver
 * the first, and the first retries.
 */
export interface Traffic {
  registering: (method: string, path: string, body: unknown) => void
  sending: (event: DemoEvent) => void
  received: (role: string, received: Received, arrival: Arrival | undefined) => void
}

const RETRIES_SHOWN = 5
const BODY_SHOWN = 240

/** Every request has them. */
const plainHeaders = new Set(['host', 'connection', 'content-length', 'content-type', 'accept'])

export function openTraffic(say: (line: string) => void): Traffic {
  const kinds = new Set<string>()
  /** Ids whose first arrival is still to be shown. */
  const expected = new Set<string>()
  const roles = new Set<string>()
  let retries = 0
  const shown = ({ signature, status, reaction, path, headers, body }: Received): void => {
    const verdict = typeof signature === 'string' ? signature : `bad (${signature.bad})`
    say(
      `       POST ${path}, answered ${status ?? reaction}${verdict === 'unchecked' ? '' : `, signature ${verdict}`}`,
    )
    const own = Object.entries(headers).filter(([name]) => !plainHeaders.has(name))
    for (const [name, value] of own) say(styleText('gray', `       ${name}: ${String(value)}`))
    say(styleText('gray', `       ${cut(body.toString('utf8'))}`))
  }
  return {
    registering(method, path, body) {
      say(`${styleText('magenta', 'set')}    ${method} ${path}`)
      if (body !== undefined) say(styleText('gray', `       ${cut(JSON.stringify(body))}`))
    },
    sending({ kind, id, path, body }) {
      if (kinds.has(kind)) return
      kinds.add(kind)
      expected.add(id)
      say(`${styleText('cyan', 'in ')}    POST ${path}`)
      say(styleText('gray', `       ${cut(JSON.stringify(body))}`))
    },
    received(role, received, arrival) {
      if (arrival === undefined) return
      const { id, time } = arrival
      if (expected.delete(id) || !roles.has(role)) {
        roles.add(role)
        say(`${styleText('green', 'out')}    ${id}, to "${role}"`)
        shown(received)
      } else if (time > 1 && retries < RETRIES_SHOWN) {
        retries += 1
        const answer = received.status ?? received.reaction
        say(`${styleText('yellow', 'again')}  ${id}, to "${role}": attempt ${time}, ${answer}`)
      }
    },
  }
}

function cut(text: string): string {
  return text.length <= BODY_SHOWN ? text : `${text.slice(0, BODY_SHOWN)}…`
}
