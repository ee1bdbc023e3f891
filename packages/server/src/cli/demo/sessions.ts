import { bearer, type PomboApi } from '../pombo-api.ts'
import type { Verifier } from '../sink/verify.ts'
import { conversation, type Said } from './conversation.ts'
import { type DemoEvent, downAtFirst, flaky, good, type Place, type Script } from './script.ts'

const roles = [good, flaky, downAtFirst]

/** A demo of three sessions, each with its webhook and a receiver of its own, which take turns in what is said. */
export interface Sessions {
  about: string
  /** Registers the receiver of a session by the dialect's own request. */
  register(api: PomboApi, session: string, url: string, role: string): Promise<unknown>
  /** The uid of a session's endpoint. */
  endpoint: string
  verify: Verifier
  /** Where a session's events come in. */
  path(session: string): string
  eventOf(said: Said): Pick<DemoEvent, 'id' | 'kind' | 'body'>
  /** What the system itself says in the end of a session. */
  reading(session: string): string
  idIn: Script['idIn']
}

export function sessionsScript(of: Sessions): Script {
  return {
    about: of.about,
    count: 60,
    rate: 20,
    roles,
    face: { base: '', headers: bearer },
    async setUp(api, place) {
      const endpoints: Record<string, { path: string; verify: Verifier }> = {}
      for (const { name } of roles) {
        const session = sessionOf(name, place)
        await of.register(api, session, `${place.url(name)}/webhook`, name)
        const path = `/app/${session}/endpoint/${of.endpoint}`
        endpoints[name] = { path, verify: of.verify }
      }
      const readings = [of.reading(sessionOf('flaky', place))]
      return { endpoints, events: events(of, place), readings }
    },
    idIn: of.idIn,
  }
}

function sessionOf(role: string, { run }: Place): string {
  return `${role.replaceAll(' ', '-')}-${run}`
}

function* events(of: Sessions, place: Place): Generator<DemoEvent> {
  let number = 0
  for (const said of conversation(place.seed, place.now)) {
    const { name } = roles[number++ % roles.length]!
    yield { ...of.eventOf(said), path: of.path(sessionOf(name, place)), to: [name] }
  }
}
