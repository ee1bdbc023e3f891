/**
 * The intake: gateways' HTTP requests on their way into the engine. Who sends, is it signed, what does it say, which
 * of it is wanted, what is known beside it, where do its files go, and then `ingest.accept`.
 *
 * It promises that a 2xx is given only when every event of the request is durable, known as a repeat, or left out by
 * a rule; that nothing is refused for being unknown, and what cannot be kept as it is, always; that every event is
 * counted as exactly one thing (see Counted); and that no token or key is stored.
 */
import type { RefusalSaid } from './counters/count.ts'
import { PomboError, missing } from '../../core/error.ts'
import { codeOf } from '../../core/sentences/sentences.ts'
import { createFiles, type Files } from '../../db/files.ts'
import { gateways } from '../gateways.ts'
import type { GatewayAnswer, GatewayRequest, GatewaySource, Parsed } from '../gateway/gateway.ts'
import type { BrokerMessage } from '../broker/kind.ts'
import { mayComeFrom } from './addresses.ts'
import { brokerRequest, refuseUnreadable } from './broker-request.ts'
import type { Counted } from './counters/count.ts'
import { Counters } from './counters/counters.ts'
import type { IntakeDeps } from './deps.ts'
import { SourceLookup } from './lookup.ts'
import { createMediaLinks, type MediaLinks } from './media/link.ts'
import { type Heard, type KnownBy, type Part, type PartDeps, type Taken, takePart } from './part.ts'
import { read } from './read.ts'
import { namesWaitMs, Profiles } from './profiles/profiles.ts'
import { createSources, type Sources } from './registered/store.ts'
import { bySession, type Sender, senderOf, signatureOf, whyRefused } from './sender.ts'
import type { Source } from './settings.ts'

/** A request, before anything in it is believed. */
export interface IntakeRequest extends Omit<GatewayRequest, 'receivedAtMs' | 'settings'> {
  gateway: string
  /** Whose socket it came by; null where that is not known. */
  address: string | null
  /** What may be the token, see `presentedKeys`. */
  keys: readonly string[]
}

export class Intake {
  readonly sources: Sources
  readonly counters: Counters
  readonly profiles: Profiles
  readonly links: MediaLinks
  readonly files: Files
  readonly #deps: IntakeDeps
  readonly #lookup: SourceLookup
  readonly #parts: PartDeps

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
    this.#parts = {
      pool,
      accept: deps.accept,
      profiles: this.profiles,
      media: { pool, clock, links: this.links, files: this.files, retentionDays },
    }
    deps.onAppChange((appId) => this.#lookup.forget(appId))
    deps.onNamesErased((appId) => this.profiles.forget(appId))
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
    for (const part of await this.#partsOf(gateway, sender, request, parsed, given.address))
      await takePart(part, this.#parts, {
        count: this.#count(part.source, part.appId),
        taken,
        ...(heard && { heard }),
      })
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
    if (!gateway?.challenge) missing('question to answer of the gateway', given.gateway)
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
    const values = { address: address ?? '?' }
    const said: RefusalSaid = { msg: detail, code: 'address_not_allowed', values }
    this.counters.refused({ tenantId, sourceId, appId }, said)
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
    const said = whyRefused(verdict, gateway)
    this.#count(source, appId)('bad_signature')
    this.counters.refused({ tenantId: source.tenantId, sourceId: source.id, appId }, said)
    throw new PomboError('bad_signature', { source: source.name, detail: said.msg })
  }

  /**
   * A token of one app is for that app, whatever the path calls the session: apps are renamed, and gateways keep
   * their URL.
   */
  async #partsOf(
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

  /**
   * What a broker's message says, before anything of it is taken.
   * @throws PomboError where it cannot be read; whatever the gateway's own reading throws
   */
  async read(source: Source, { body, headers }: Pick<BrokerMessage, 'body' | 'headers'>) {
    const gateway = gateways.get(source.gateway)!
    const request = brokerRequest(source, body, headers, this.#deps.clock.now())
    const parsed = await read(gateway, request)
    await refuseUnreadable(parsed, request)
    return await this.#partsOf(gateway, { kind: 'source', source }, request, parsed, null)
  }

  /**
   * Takes what was read, all of it or what is new in it; counted once it is settled.
   * @throws PomboError as `take`
   */
  async takeRead(parts: readonly Part[], knownBy: KnownBy): Promise<void> {
    const taken: Taken = { accepted: 0, duplicate: 0, filtered: 0, skipped: 0 }
    for (const [index, part] of parts.entries()) {
      const counts: [Counted, number | undefined][] = []
      const settle = () => {
        const count = this.#count(part.source, part.appId)
        for (const [what, n] of counts) count(what, n)
      }
      await takePart(part, this.#parts, {
        count: (what, n) => counts.push([what, n]),
        taken,
        knownBy: { ...knownBy, key: `${knownBy.key}|${index}` },
      }).catch((error: unknown) => {
        if (!(error instanceof PomboError && error.retryAfterSeconds !== undefined)) settle()
        throw error
      })
      settle()
    }
  }

  /** Notes that a message of a broker was set aside, and why; one of which nothing was read has not been counted. */
  setAside(source: Source, reason: string, { unread }: { unread: boolean }): void {
    const { tenantId, id: sourceId, appId } = source
    if (unread)
      for (const what of ['received', 'refused'] as const) this.#count(source, appId)(what)
    this.counters.refused({ tenantId, sourceId, appId }, { msg: reason, ...codeOf(reason) })
  }
}
