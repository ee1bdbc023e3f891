/**
 * The intake: gateways' HTTP requests on their way into the engine. Who sends, is it signed, what does it say, which
 * of it is wanted, what is known beside it, where do its files go, and then `ingest.accept`.
 *
 * It promises that a 2xx is given only when every event of the request is durable, known as a repeat, or left out by
 * a rule; that nothing is refused for being unknown, and what cannot be kept as it is, always; that every event is
 * counted as exactly one thing (see Counted); and that no token or key is stored.
 */
import { PomboError } from '../../core/error.ts'
import type { Accepted, IncomingMessage } from '../../core/message.ts'
import type { WhatsAppEvent } from '../../whatsapp/whatsapp.ts'
import { createFiles, type Files } from '../../db/files.ts'
import { gateways } from '../gateways.ts'
import type { GatewayAnswer, GatewayRequest, GatewaySource, Parsed } from '../gateway/gateway.ts'
import { mayComeFrom } from './addresses.ts'
import { Counters } from './counters/counters.ts'
import type { IntakeDeps } from './deps.ts'
import { SourceLookup } from './lookup.ts'
import { inTheirChats } from './edited/edited.ts'
import { createMediaLinks, type MediaLinks } from './media/link.ts'
import { type MediaDeps, takeOutOfBody, takeOutOfEvent } from './media/media.ts'
import { messageOf, plainMessage, unknownMessage, unrecognisedTag } from './message.ts'
import { factsOf } from './profiles/facts.ts'
import { read } from './read.ts'
import { namesWaitMs, Profiles } from './profiles/profiles.ts'
import { createSources, type Sources } from './registered/store.ts'
import { bySession, type Sender, senderOf, signatureOf, whyRefused } from './sender.ts'
import { type Source, testOf } from './settings.ts'

/** A request, before anything in it is believed. */
export interface IntakeRequest extends Omit<GatewayRequest, 'receivedAtMs' | 'settings'> {
  gateway: string
  /** Whose socket it came by; null where that is not known. */
  address: string | null
  /** What may be the token, see `presentedKeys`. */
  keys: readonly string[]
}

/** What became of the events of a request. */
export interface Taken {
  accepted: number
  duplicate: number
  filtered: number
  skipped: number
}

/** The events of one session, and what they are taken by. */
interface Part {
  source: Source
  appId: string
  parsed: Parsed
}

/** Hears what became of each message of a request, in order. */
export type Heard = (message: IncomingMessage, answer: Accepted) => void

export class Intake {
  readonly sources: Sources
  readonly counters: Counters
  readonly profiles: Profiles
  readonly links: MediaLinks
  readonly files: Files
  readonly #deps: IntakeDeps
  readonly #lookup: SourceLookup
  readonly #media: MediaDeps

  constructor(deps: IntakeDeps) {
    this.#deps = deps
    const { pool, clock, seal, log, retentionDays } = deps
    const changed = (appId: string): void => {
      this.#lookup.forget(appId)
      deps.changed(appId)
    }
    this.sources = createSources({ pool, clock, seal, changed })
    this.counters = new Counters(pool, log)
    this.profiles = new Profiles(pool, clock, log, deps.namesWaitMs ?? namesWaitMs)
    this.links = createMediaLinks(seal.derived('media links'), deps.serverUrl)
    this.#lookup = new SourceLookup(pool, this.sources)
    this.files = createFiles(seal)
    this.#media = { pool, clock, links: this.links, files: this.files, retentionDays }
    deps.onAppChange((appId) => this.#lookup.forget(appId))
  }

  start(): void {
    this.counters.start()
    this.profiles.start()
  }

  /** Writes what is still in memory. */
  async stop(): Promise<void> {
    await Promise.all([this.counters.stop(), this.profiles.stop()])
  }

  /**
   * Takes a gateway's request.
   * @throws PomboError `not_found`, `ingest_unauthorised`, `permission_denied`, `bad_signature`: nothing was read of
   * it; `bad_encoding`, `unsupported_media_type`, `validation`: its text cannot be kept as it is; `rate_limited`,
   * `overloaded`, `database_away`: it is to be sent again, and what was stored of it is then a repeat
   */
  async take(given: IntakeRequest, heard?: Heard): Promise<Taken> {
    const gateway = gateways.get(given.gateway)
    if (!gateway) throw new PomboError('not_found', { what: 'gateway', id: given.gateway })
    const sender = await this.#senderOf(given)
    const request: GatewayRequest = { ...given, receivedAtMs: this.#deps.clock.now() }
    if (sender.kind === 'source') {
      const { source } = sender
      if (source.webhook) request.settings = source.webhook
      this.#admit(source, source.appId, given.address)
      await this.#verify(gateway, source, source.appId, request)
    } else if (gateway.bySettings)
      throw new PomboError('permission_denied', {
        detail: `how requests are read is the source's to say: send with the token of a source of "${gateway.name}".`,
      })
    const parsed = await read(gateway, request)
    const taken: Taken = { accepted: 0, duplicate: 0, filtered: 0, skipped: 0 }
    for (const part of await this.#parts(gateway, sender, request, parsed, given.address))
      await this.#takePart(part, taken, heard)
    return taken
  }

  /** What a sender reads of the answer to a request that was taken; undefined: the counts. */
  async answer(given: IntakeRequest): Promise<GatewayAnswer | undefined> {
    const request = { ...given, receivedAtMs: this.#deps.clock.now() }
    return await gateways.get(given.gateway)?.answer?.(request)
  }

  /**
   * The answer to a sender's question whether the address is ours.
   * @throws PomboError as `take`; `permission_denied` where the question is not the gateway's own
   */
  async challenge(given: IntakeRequest): Promise<GatewayAnswer> {
    const gateway = gateways.get(given.gateway)
    if (!gateway?.challenge)
      throw new PomboError('not_found', {
        what: 'question to answer of the gateway',
        id: given.gateway,
      })
    await this.#senderOf(given)
    const request = { ...given, receivedAtMs: this.#deps.clock.now() }
    const answer = await gateway.challenge(request, given.keys[0] ?? '')
    if (answer) return answer
    throw new PomboError('permission_denied', {
      detail: 'the verify token that it names is not the token of this address.',
    })
  }

  /** A request too large to be read: known by its headers, so that the loss shows. */
  async tooLarge(given: Pick<IntakeRequest, 'gateway' | 'keys'>): Promise<void> {
    const sender = await this.#senderOf(given)
    if (sender.kind === 'source') this.#count(sender.source, sender.source.appId)('too_large')
  }

  async #senderOf({ gateway, keys }: Pick<IntakeRequest, 'gateway' | 'keys'>): Promise<Sender> {
    return await senderOf(gateway, keys, this.#lookup, this.#deps.holderOf)
  }

  #count({ id: sourceId, tenantId }: Source, appId: string) {
    return (what: Parameters<Counters['add']>[1], n = 1): void =>
      this.counters.add({ tenantId, sourceId, appId }, what, n)
  }

  #admit(source: Source, appId: string, address: string | null): void {
    if (mayComeFrom(source, address)) return
    const { tenantId, id: sourceId } = source
    const detail = `it came from ${address ?? 'an unknown address'}, which its allowedIps do not name.`
    this.#count(source, appId)('address_refused')
    this.counters.refused({ tenantId, sourceId, appId }, detail)
    throw new PomboError('permission_denied', { detail })
  }

  async #verify(
    gateway: GatewaySource,
    source: Source,
    appId: string,
    request: GatewayRequest,
  ): Promise<void> {
    const verdict = await signatureOf(gateway, source, request, this.#deps.seal)
    if (verdict === 'ok') return
    const detail = `${whyRefused(verdict, gateway)}.`
    this.#count(source, appId)('bad_signature')
    this.counters.refused({ tenantId: source.tenantId, sourceId: source.id, appId }, detail)
    throw new PomboError('bad_signature', { source: source.name, detail })
  }

  /**
   * A token of one app is for that app, whatever the path calls the session: apps are renamed, and gateways keep
   * their URL.
   */
  async #parts(
    gateway: GatewaySource,
    sender: Sender,
    request: GatewayRequest,
    parsed: Parsed,
    address: string | null,
  ): Promise<Part[]> {
    if (sender.kind === 'source' && sender.source.sessions === 'own')
      return [{ source: sender.source, appId: sender.source.appId, parsed }]
    const parts: Part[] = []
    for (const [session, part] of bySession(parsed, request.session ?? gateway.name)) {
      if (sender.kind === 'source') {
        const { source } = sender
        parts.push({ source, appId: await this.#appOf(source.tenantId, session), parsed: part })
        continue
      }
      const { tenantId } = sender
      const appId = sender.appId ?? (await this.#appOf(tenantId, session))
      const source = await this.#lookup.ofGateway(tenantId, appId, gateway.name)
      this.#admit(source, appId, address)
      await this.#verify(gateway, source, appId, request)
      parts.push({ source, appId, parsed: part })
    }
    return parts
  }

  async #appOf(tenantId: string, session: string): Promise<string> {
    const found = await this.#deps.appIdOf(tenantId, session)
    return found ?? (await this.#deps.makeApp(tenantId, session))
  }

  async #takePart({ source, appId, parsed }: Part, taken: Taken, heard?: Heard): Promise<void> {
    const count = this.#count(source, appId)
    const events =
      parsed.outcome === 'events' ? await inTheirChats(this.#deps.pool, appId, parsed.events) : []
    const skipped = parsed.outcome === 'events' ? parsed.skipped.length : 0
    count(
      'received',
      parsed.outcome === 'events'
        ? events.length + skipped
        : parsed.outcome === 'messages'
          ? parsed.messages.length
          : 1,
    )
    count('skipped', skipped)
    taken.skipped += skipped
    const wanted = events.filter((event) => {
      const reason = testOf(source)(event)
      if (reason === null) return true
      count(`filtered:${reason}`)
      taken.filtered += 1
      return false
    })
    const messages = await this.#messages(source, appId, parsed, events, wanted).catch(
      (error: unknown) => {
        count('refused', parsed.outcome === 'unknown' ? 1 : wanted.length)
        throw error
      },
    )
    const answers = messages.length === 0 ? [] : await this.#deps.accept(messages)
    let refused: PomboError | undefined
    for (const [index, answer] of answers.entries()) {
      if (answer instanceof PomboError) {
        refused ??= answer
        count('refused')
        continue
      }
      heard?.(messages[index]!, answer)
      count(answer.outcome)
      taken[answer.outcome] += 1
      const { tags } = messages[index]!
      if (answer.outcome === 'accepted' && tags?.includes(unrecognisedTag)) count('unrecognised')
    }
    if (refused) throw refused
  }

  async #messages(
    source: Source,
    appId: string,
    parsed: Parsed,
    events: readonly WhatsAppEvent[],
    wanted: readonly WhatsAppEvent[],
  ): Promise<IncomingMessage[]> {
    if (parsed.outcome === 'unknown') {
      await takeOutOfBody(parsed.body, source, this.#media)
      return [unknownMessage(parsed, source, appId)]
    }
    if (parsed.outcome === 'messages')
      return parsed.messages.map((message) => plainMessage(message, source, appId))
    // Of all of them: a list of contacts is no news, but its names are wanted. Read before anything is filled in,
    // which is no news either.
    const facts = events.flatMap(factsOf)
    await this.profiles.fill(appId, wanted)
    this.profiles.learn(source.tenantId, appId, facts)
    for (const event of wanted) await takeOutOfEvent(event, source, this.#media)
    return wanted.map((event) => messageOf(event, source, appId))
  }
}
