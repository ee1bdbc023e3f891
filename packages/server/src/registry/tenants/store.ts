import type { Selectable } from 'kysely'
import type { Clock } from '../../core/clock.ts'
import { PomboError } from '../../core/error.ts'
import { uuidv7 } from '../../core/id.ts'
import { personPathProblem } from '../../core/person.ts'
import { noteChange } from '../../db/changes.ts'
import { inAuditedTransaction } from '../../db/audit.ts'
import type { Pool, Queryable } from '../../db/pool.ts'
import { rows, run, tables, type TenantTable } from '../../db/tables.ts'
import { createChecks, integerProblem, lengthProblem, uuidOf } from '../checks.ts'
import { hashKey, hintOf, makeKey } from '../keys/key.ts'
import { page, type ListOptions, type Page } from '../page.ts'

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
  createdAtMs: number
}

export interface TenantSettings {
  name: string
  retentionDays?: number | null
  acceptRate?: number | null
  personPaths?: string[] | null
  encryptPayloads?: boolean
}

/** What `bootstrap` found or made. `freshKey` is to be printed: nobody can read it again. */
export interface Bootstrapped {
  tenantId: string
  freshKey: string | null
}

/** Held while the first tenant is made, so that nodes that start together make one, with one key. */
const BOOTSTRAP_LOCK = 0x506f6d63
const MIN_KEY_CHARACTERS = 16

export type Tenants = ReturnType<typeof createTenants>

export function createTenants({
  pool,
  clock,
  changed,
}: {
  pool: Pool
  clock: Clock
  changed: (kind: 'tenant' | 'key', tenantId: string) => void
}) {
  async function insert(db: Queryable, settings: TenantSettings): Promise<Tenant> {
    const [row] = await rows(
      db,
      tables
        .insertInto('tenant')
        .values({
          id: uuidv7(clock.now()),
          name: settings.name,
          retention_days: settings.retentionDays ?? null,
          accept_rate: settings.acceptRate ?? null,
          person_paths: settings.personPaths ?? null,
          encrypt_payloads: settings.encryptPayloads ?? false,
        })
        .returningAll(),
    )
    await noteChange(db, 'tenant', row!.id)
    return tenantOf(row!)
  }

  async function insertKey(
    db: Queryable,
    tenantId: string,
    text: string,
    hint: string,
  ): Promise<void> {
    const values = {
      id: uuidv7(clock.now()),
      tenant_id: tenantId,
      app_id: null,
      name: 'bootstrap',
      hash: hashKey(text),
      hint,
    }
    await run(db, tables.insertInto('api_key').values(values))
  }

  return {
    async create(settings: TenantSettings): Promise<Tenant> {
      check(settings)
      return await inAuditedTransaction(pool, async (db) => await insert(db, settings))
    },

    async get(idOrShown: string): Promise<Tenant> {
      const [row] = await rows(
        pool,
        tables
          .selectFrom('tenant')
          .selectAll()
          .where('id', '=', uuidOf('tenant', idOrShown) ?? missing(idOrShown)),
      )
      return row ? tenantOf(row) : missing(idOrShown)
    },

    async list(options: ListOptions): Promise<Page<Tenant>> {
      const ascending = options.order === 'ascending'
      let query = tables
        .selectFrom('tenant')
        .selectAll()
        .orderBy('id', ascending ? 'asc' : 'desc')
        .limit(options.limit + 1)
      if (options.after) query = query.where('id', ascending ? '>' : '<', options.after.id)
      return page((await rows(pool, query)).map(tenantOf), options.limit)
    },

    /** Sets what is given. */
    async update(idOrShown: string, settings: Partial<TenantSettings>): Promise<Tenant> {
      check(settings)
      const id = uuidOf('tenant', idOrShown) ?? missing(idOrShown)
      const tenant = await inAuditedTransaction(pool, async (db) => {
        // `id` is set to itself because SQL takes no empty list.
        const update = tables.updateTable('tenant').set({
          id,
          ...(settings.name !== undefined && { name: settings.name }),
          ...(settings.retentionDays !== undefined && { retention_days: settings.retentionDays }),
          ...(settings.acceptRate !== undefined && { accept_rate: settings.acceptRate }),
          ...(settings.personPaths !== undefined && { person_paths: settings.personPaths }),
          ...(settings.encryptPayloads !== undefined && {
            encrypt_payloads: settings.encryptPayloads,
          }),
        })
        const [row] = await rows(db, update.where('id', '=', id).returningAll())
        if (!row) missing(idOrShown)
        await noteChange(db, 'tenant', row.id)
        return tenantOf(row)
      })
      changed('tenant', tenant.id)
      return tenant
    },

    /**
     * Sees to it that there is a tenant and a key to begin with. With `apiKey` (POMBO_API_KEY) that key works afterwards, for the oldest
     * tenant unless it is another's: it is added where it is new, and counts again where it had been revoked, since whoever sets the
     * variable decides. Without it, the first start makes a key. Run by every node at every start.
     */
    async bootstrap({ apiKey }: { apiKey?: string | undefined } = {}): Promise<Bootstrapped> {
      if (apiKey !== undefined && apiKey.length < MIN_KEY_CHARACTERS) {
        throw new Error(
          `POMBO_API_KEY is too easy to guess: give at least ${MIN_KEY_CHARACTERS} characters, such as \`openssl rand -hex 32\` prints.`,
        )
      }
      const done = await inAuditedTransaction(
        pool,
        async (db): Promise<Bootstrapped & { revived: boolean }> => {
          await db.query('select pg_advisory_xact_lock($1)', [BOOTSTRAP_LOCK])
          const [oldest] = await rows(
            db,
            tables.selectFrom('tenant').select('id').orderBy('id').limit(1),
          )
          const tenantId = oldest?.id ?? (await insert(db, { name: 'default' })).id
          if (apiKey === undefined) {
            if (oldest) return { tenantId, freshKey: null, revived: false }
            const { text, hint } = makeKey('tenant')
            await insertKey(db, tenantId, text, hint)
            return { tenantId, freshKey: text, revived: false }
          }
          const [known] = await rows(
            db,
            tables
              .selectFrom('api_key')
              .select(['tenant_id', 'revoked_at', 'expires_at'])
              .where('hash', '=', hashKey(apiKey)),
          )
          if (!known) {
            await insertKey(db, tenantId, apiKey, hintOf(apiKey))
            return { tenantId, freshKey: null, revived: false }
          }
          if (known.revoked_at === null && known.expires_at === null)
            return { tenantId: known.tenant_id, freshKey: null, revived: false }
          await run(
            db,
            tables
              .updateTable('api_key')
              .set({ revoked_at: null, expires_at: null })
              .where('hash', '=', hashKey(apiKey)),
          )
          await noteChange(db, 'key', known.tenant_id)
          return { tenantId: known.tenant_id, freshKey: null, revived: true }
        },
      )
      if (done.revived) changed('key', done.tenantId)
      return { tenantId: done.tenantId, freshKey: done.freshKey }
    },
  }
}

function check({ name, retentionDays, acceptRate, personPaths }: Partial<TenantSettings>): void {
  const checks = createChecks()
  if (name !== undefined)
    checks.note('name', name === '' ? 'must not be empty' : lengthProblem(name, 1_024))
  if (typeof retentionDays === 'number')
    checks.note('retentionDays', integerProblem(retentionDays, 1, 3_650))
  if (typeof acceptRate === 'number')
    checks.note('acceptRate', integerProblem(acceptRate, 1, 1_000_000))
  if (personPaths)
    checks.note(
      'personPaths',
      personPaths.length > 50
        ? 'holds more than 50 paths'
        : personPaths.map(personPathProblem).find((problem) => problem !== undefined),
    )
  checks.settle()
}

function missing(id: string): never {
  throw new PomboError('not_found', { what: 'tenant', id })
}

function tenantOf(row: Selectable<TenantTable>): Tenant {
  return {
    id: row.id,
    name: row.name,
    retentionDays: row.retention_days,
    acceptRate: row.accept_rate,
    personPaths: row.person_paths,
    encryptPayloads: row.encrypt_payloads,
    createdAtMs: row.created_at.getTime(),
  }
}
