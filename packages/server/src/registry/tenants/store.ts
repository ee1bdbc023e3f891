import { say } from '../../core/sentences/sentences.ts'
import type { Clock } from '../../core/clock.ts'
import type { SignatureHeaders } from '../../core/endpoint.ts'
import type { EndpointDefaults } from '../../core/endpoint-defaults.ts'
import { PomboError, missing } from '../../core/error.ts'
import { uuidv7 } from '../../core/id.ts'
import { personPathProblem } from '../../core/person.ts'
import type { Pool, Queryable } from '../../db/pool.ts'
import { BOOTSTRAP_LOCK } from '../../db/schema-state.ts'
import type { Seal } from '../../db/seal.ts'
import { defineTable, type ListOptions, type Page } from '../../db/table.ts'
import {
  checkSettings,
  headersProblems,
  integer,
  integerProblem,
  nameProblem,
  type Problems,
  uuidOf,
} from '../checks.ts'
import { circuitProblems, scheduleProblem } from '../endpoints/settings.ts'
import { hashKey, hintOf, makeKey } from '../keys/key.ts'
import { apiKeys } from '../keys/store.ts'
import type { Note, Write } from '../writer.ts'
import { openDefaults, sealDefaults, type StoredDefaults } from './default-headers.ts'

/** Who keeps apps apart from others': an organisation. */
export interface Tenant {
  id: string
  name: string
  /** Null: as configured for all. */
  retentionDays: number | null
  /** Messages a second that it may send in; null: no limit. */
  acceptRate: number | null
  /** Where its payloads name people (core/person.ts); null: nothing is kept to find a person's messages by. */
  personPaths: string[] | null
  /** Whether payloads of messages that come from here on are sealed in the database. */
  encryptPayloads: boolean
  /** Whether endpoints may subscribe to event types that were never made. */
  allowUnknownEventTypes: boolean
  /** How its endpoints sign unless they say otherwise when they are made; null: as configured for all. */
  signatureHeaders: SignatureHeaders | null
  /** What holds for its endpoints that say nothing of their own; null: as configured for all. */
  endpointDefaults: EndpointDefaults | null
  /** As Svix's clients say of environments; nothing hangs on it. */
  environmentType: EnvironmentType
  createdAtMs: number
  updatedAtMs: number
}

type EnvironmentType = 'development' | 'production'

export interface TenantSettings {
  name: string
  retentionDays?: number | null
  acceptRate?: number | null
  personPaths?: string[] | null
  encryptPayloads?: boolean
  allowUnknownEventTypes?: boolean
  signatureHeaders?: SignatureHeaders | null
  endpointDefaults?: EndpointDefaults | null
  environmentType?: EnvironmentType
}

type StoredTenant = Tenant & StoredDefaults

const tenants = defineTable<StoredTenant, keyof TenantSettings | 'defaultHeaders'>({
  name: 'tenant',
  key: 'id',
  fixed: { id: 'id', createdAtMs: 'created_at', updatedAtMs: 'updated_at' },
  settings: {
    name: 'name',
    retentionDays: 'retention_days',
    acceptRate: 'accept_rate',
    personPaths: 'person_paths',
    encryptPayloads: 'encrypt_payloads',
    allowUnknownEventTypes: 'allow_unknown_event_types',
    signatureHeaders: 'signature_headers',
    endpointDefaults: 'endpoint_defaults',
    defaultHeaders: 'default_headers_sealed',
    environmentType: 'environment_type',
  },
})

const MIN_KEY_CHARACTERS = 16

export type Tenants = ReturnType<typeof createTenants>

export function createTenants({
  pool,
  seal,
  clock,
  write,
}: {
  pool: Pool
  seal: Seal
  clock: Clock
  write: Write
}) {
  const sealed = ({ endpointDefaults, ...others }: Partial<TenantSettings>, id: string) => ({
    ...others,
    ...(endpointDefaults !== undefined && sealDefaults(endpointDefaults, id, seal)),
  })
  const opened = ({ defaultHeaders, ...tenant }: StoredTenant): Tenant => ({
    ...tenant,
    endpointDefaults: openDefaults({ ...tenant, defaultHeaders }, tenant.id, seal),
  })

  async function insert(db: Queryable, note: Note, settings: TenantSettings): Promise<Tenant> {
    const id = uuidv7(clock.now())
    const tenant = await tenants.insert(db, { ...sealed(settings, id), name: settings.name, id })
    await note('tenant', id)
    return opened(tenant!)
  }

  async function insertBootstrapKey(
    db: Queryable,
    tenantId: string,
    { text, hint }: { text: string; hint: string },
  ): Promise<void> {
    const values = { tenantId, name: 'bootstrap', hash: hashKey(text), hint }
    await apiKeys.insert(db, { id: uuidv7(clock.now()), ...values })
  }

  return {
    async create(settings: TenantSettings): Promise<Tenant> {
      check(settings)
      return await write(async (db, note) => await insert(db, note, settings))
    },

    async get(idOrShown: string): Promise<Tenant> {
      const id = uuidOf('tenant', idOrShown) ?? missing('tenant', idOrShown)
      return opened((await tenants.find(pool, { id })) ?? missing('tenant', idOrShown))
    },

    async list(options: ListOptions): Promise<Page<Tenant>> {
      const page = await tenants.list(pool, {}, options)
      return { ...page, rows: page.rows.map(opened) }
    },

    /** Sets what is given. */
    async update(idOrShown: string, settings: Partial<TenantSettings>): Promise<Tenant> {
      check(settings)
      const id = uuidOf('tenant', idOrShown) ?? missing('tenant', idOrShown)
      return await write(async (db, note) => {
        const changed = sealed(settings, id)
        const tenant = (await tenants.update(db, { id }, changed)) ?? missing('tenant', idOrShown)
        await note('tenant', id)
        return opened(tenant)
      })
    },

    /**
     * Its apps, endpoints, sources, event types and keys go with it. Kept history is out of reach at once, as that of
     * an app that is deleted, and goes when its days are over.
     */
    async delete(idOrShown: string): Promise<void> {
      const id = uuidOf('tenant', idOrShown) ?? missing('tenant', idOrShown)
      await write(async (db, note) => {
        const [oldest] = (await tenants.list(db, {}, { limit: 1, order: 'ascending' })).rows
        if (oldest?.id === id) {
          throw new PomboError('conflict', { detail: say('operator_stays') })
        }
        const { rows } = await db.query<{ id: string }>('select id from app where tenant_id = $1', [
          id,
        ])
        if ((await tenants.delete(db, { id })) === 0) missing('tenant', idOrShown)
        for (const app of rows) await note('app', app.id)
        await note('key', id)
        await note('tenant', id)
      })
    },

    /**
     * Sees to it that there is a tenant to begin with. With `apiKey` (POMBO_API_KEY) that key works afterwards, for the
     * oldest tenant unless it is another's: it is added where it is new, and counts again where it had been revoked,
     * since whoever sets the variable decides. Run by every node at every start.
     */
    async bootstrap({ apiKey }: { apiKey?: string | undefined } = {}): Promise<{
      tenantId: string
    }> {
      if (apiKey !== undefined && apiKey.length < MIN_KEY_CHARACTERS) {
        throw new Error(
          `POMBO_API_KEY is too easy to guess: give at least ${MIN_KEY_CHARACTERS} ` +
            `characters, such as \`openssl rand -hex 32\` prints.`,
        )
      }
      return await write(async (db, note) => {
        await db.query('select pg_advisory_xact_lock($1)', [BOOTSTRAP_LOCK])
        const first = { limit: 1, order: 'ascending' } as const
        const [oldest] = (await tenants.list(db, {}, first)).rows
        const tenantId = oldest?.id ?? (await insert(db, note, { name: 'default' })).id
        if (apiKey === undefined) return { tenantId }
        const known = await apiKeys.find(db, { hash: hashKey(apiKey) })
        if (!known) {
          await insertBootstrapKey(db, tenantId, { text: apiKey, hint: hintOf(apiKey) })
          return { tenantId }
        }
        if (known.revokedAtMs !== null || known.expiresAtMs !== null) {
          await db.query('update api_key set revoked_at = null, expires_at = null where id = $1', [
            known.id,
          ])
          await note('key', known.tenantId)
        }
        return { tenantId: known.tenantId }
      })
    },

    /**
     * The first key, for who was given none (POMBO_API_KEY), in text; null: keys were made before. It is to be printed,
     * as nobody can read it again: so it is made by a start that has succeeded, and one that was killed before leaves
     * it to the next.
     */
    async firstKey(): Promise<string | null> {
      return await write(async (db) => {
        await db.query('select pg_advisory_xact_lock($1)', [BOOTSTRAP_LOCK])
        const first = { limit: 1, order: 'ascending' } as const
        if ((await apiKeys.list(db, {}, first)).rows.length > 0) return null
        const [oldest] = (await tenants.list(db, {}, first)).rows
        const key = makeKey('tenant')
        await insertBootstrapKey(db, oldest!.id, key)
        return key.text
      })
    },
  }
}

function check(settings: Partial<TenantSettings>): void {
  checkSettings<TenantSettings>(settings, {
    name: nameProblem,
    retentionDays: integer(1, 3_650),
    acceptRate: integer(1, 1_000_000),
    endpointDefaults: defaultsProblems,
    personPaths: (paths) =>
      paths.length > 50
        ? say('entries_at_most', { limit: 50 })
        : paths.map((path, at) => [String(at), personPathProblem(path)]),
  })
}

/** Under the names by which they are given. */
function defaultsProblems(given: EndpointDefaults): Problems {
  const { retryScheduleMs, throttleRate, throttleWindowMs, circuit = {} } = given
  return [
    ['timeoutMs', integerProblem(given.timeoutMs, 1_000, 60_000)],
    ['maxInFlight', integerProblem(given.maxInFlight, 1, 1_000)],
    ['throttleRate', integerProblem(throttleRate, 1, 65_535)],
    ['retrySchedule', retryScheduleMs && scheduleProblem(retryScheduleMs)],
    ['throttleWindowMs', integerProblem(throttleWindowMs, 1_000, 86_400_000)],
    ...within('headers', given.headers ? headersProblems(given.headers) : []),
    ...within('circuit', circuitProblems(circuit)),
  ]
}

function within(field: string, problems: Problems): Problems {
  return problems.map(([part, problem]) => [[field, part].flat(), problem])
}
