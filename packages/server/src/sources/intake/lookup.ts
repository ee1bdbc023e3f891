import { latestUsed } from '../../core/latest-used.ts'
import type { Pool } from '../../db/pool.ts'
import { appOfToken, loadOfApps, type Sources } from './registered/store.ts'
import type { Source } from './settings.ts'
import { hashToken } from './token.ts'

const maxApps = 20_000
const maxTokens = 20_000
/** A gateway with a wrong token that asks without pause costs one query a second. */
const unknownMs = 1_000

/**
 * The sources that requests need, in memory. A token leads to its app for good; what the app's sources are now is
 * forgotten with every change of the app, which the registry's feed brings from all nodes.
 */
export class SourceLookup {
  readonly #pool: Pool
  readonly #sources: Sources
  readonly #apps = latestUsed<string, Source[]>(maxApps)
  readonly #tokens = latestUsed<string, string>(maxTokens)
  readonly #unknown = latestUsed<string, true>(10_000, unknownMs)
  readonly #loading = new Map<string, Promise<Source[]>>()

  constructor(pool: Pool, sources: Sources) {
    this.#pool = pool
    this.#sources = sources
  }

  async byToken(token: string): Promise<Source | undefined> {
    const hash = hashToken(token)
    const key = hash.toString('base64')
    let appId = this.#tokens.get(key)
    if (appId === undefined) {
      if (this.#unknown.has(key)) return undefined
      appId = await appOfToken(this.#pool, hash)
      if (appId === undefined) {
        this.#unknown.set(key, true)
        return undefined
      }
      this.#tokens.set(key, appId)
    }
    // Another token, or none: it was rotated, or its source deleted.
    return (await this.#ofApp(appId)).find((source) => source.tokenHash?.equals(hash))
  }

  /** The app's source of a gateway that came with an API key. */
  async ofGateway(tenantId: string, appId: string, gateway: string): Promise<Source> {
    const found = (await this.#ofApp(appId)).find((source) => source.gateway === gateway)
    return found ?? (await this.#sources.ensure({ tenantId, appId }, gateway))
  }

  /** `undefined`: of every app. */
  forget(appId: string | undefined): void {
    if (appId === undefined) {
      this.#apps.clear()
      this.#loading.clear()
    } else {
      this.#apps.delete(appId)
      this.#loading.delete(appId)
    }
  }

  async #ofApp(appId: string): Promise<Source[]> {
    const known = this.#apps.get(appId)
    if (known) return known
    let loading = this.#loading.get(appId)
    if (!loading) {
      loading = loadOfApps(this.#pool, [appId])
      this.#loading.set(appId, loading)
      void loading.then(
        (found) => {
          // Forgotten meanwhile: what was read may be from before the change.
          if (this.#loading.get(appId) !== loading) return
          this.#loading.delete(appId)
          this.#apps.set(appId, found)
        },
        () => {
          if (this.#loading.get(appId) === loading) this.#loading.delete(appId)
        },
      )
    }
    return await loading
  }
}
