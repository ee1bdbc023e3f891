import { isDeepStrictEqual } from 'node:util'
import type { z } from 'zod'
import { iso } from '../../core/clock.ts'
import { defined } from '../../core/defined.ts'
import { invalid } from '../../core/error.ts'
import type { EventType } from '../../registry/event-types/store.ts'
import { allTypes } from '../event-types/all.ts'
import { refuseInvalidSchemas } from '../event-types/json-schema.ts'
import { settingsOf, showEventType } from '../event-types/schema.ts'
import { cloudOnly, json, type Route, route } from '../route.ts'
import type { Needs } from '../route-deps.ts'
import { environmentIn, environmentOut, importedOut } from './schema.ts'
import { say } from '../../core/sentences/sentences.ts'

export type EnvironmentDeps = Needs<'clock' | 'eventTypes' | 'tenants'>

const tag = 'Environment'

type Settings = z.output<typeof environmentOut>['settings']
type Change = { before: unknown; after: unknown }

/** A tenant's event types and the settings that go with them, to be kept as a file and brought to another tenant. */
export function environmentRoutes({ clock, eventTypes, tenants }: EnvironmentDeps): Route[] {
  return [
    route({
      at: 'POST /api/v1/environment/export',
      id: 'v1.environment.export',
      tag,
      summary: 'Get all event types, and the settings that go with them',
      description: `Archived ones too; the import reads it back as it was. ${cloudOnly}`,
      access: 'tenant',
      idempotency: 'own',
      answers: { 200: { description: 'The environment', body: environmentOut } },
      async handle({ holder: { tenantId } }) {
        const types = await allTypes(eventTypes, tenantId)
        return json(200, {
          version: 1,
          createdAt: iso(clock.now()),
          eventTypes: types.map((type) => ({
            ...showEventType(type),
            retrySchedule: type.retryScheduleMs?.map((ms) => ms / 1_000) ?? null,
          })),
          settings: await settingsNow(tenantId),
          connectors: [],
          transformationTemplates: [],
        })
      },
    }),
    route({
      at: 'POST /api/v1/environment/import',
      id: 'v1.environment.import',
      tag,
      summary: 'Set event types and settings as an export has them',
      description:
        'Those that it names, all together or, if one is refused, none; others stay. ' +
        `With \`dryRun\` the answer shows what would be changed, and nothing is. ${cloudOnly}`,
      access: 'tenant',
      body: environmentIn,
      answers: { 200: { description: 'What was changed', body: importedOut } },
      async handle({ holder: { tenantId }, body }) {
        const wanted = await typesIn(body)
        const known = new Map(
          (await allTypes(eventTypes, tenantId)).map((type) => [type.name, type]),
        )
        const changes = wanted.map((type) => ({
          type,
          fields: changed(known.get(type.name), type),
        }))
        const before = await settingsNow(tenantId)
        const given: Partial<Settings> = defined(body.settings ?? {})
        const settings = fieldsThatDiffer(before, given)
        const isNew = ({ type }: (typeof changes)[number]) => !known.has(type.name)
        const isChanged = (one: (typeof changes)[number]) =>
          !isNew(one) && Object.keys(one.fields).length > 0
        if (body.dryRun !== true) {
          const affected = changes.filter((one) => isNew(one) || isChanged(one))
          await eventTypes.putAll(
            tenantId,
            affected.map(({ type }) => type),
            [],
          )
          if (Object.keys(settings).length > 0) await tenants.update(tenantId, given)
        }
        return json(200, {
          applied: body.dryRun !== true,
          eventTypes: {
            created: changes.filter(isNew).map(({ type }) => type.name),
            changed: changes
              .filter(isChanged)
              .map(({ type, fields }) => ({ name: type.name, fields })),
            unchanged: changes.filter((one) => !isNew(one) && !isChanged(one)).length,
          },
          settings,
        })
      },
    }),
  ]

  async function settingsNow(tenantId: string): Promise<Settings> {
    const { allowUnknownEventTypes, signatureHeaders } = await tenants.get(tenantId)
    return { allowUnknownEventTypes, signatureHeaders }
  }
}

async function typesIn({ eventTypes }: z.output<typeof environmentIn>) {
  const given = eventTypes ?? []
  const names = new Set<string>()
  const found = []
  for (const [index, one] of given.entries()) {
    const { name, createdAt: _created, updatedAt: _updated, retrySchedule, ...rest } = one
    if (names.has(name))
      throw invalid(['body', 'eventTypes', String(index), 'name'], say('there_twice', { name }))
    names.add(name)
    await refuseInvalidSchemas(rest.schemas)
    const { description, ...settings } = settingsOf({ featureFlag: null, ...rest }, [
      'body',
      'eventTypes',
      String(index),
    ])
    found.push({
      name,
      description,
      schemas: null,
      archived: false,
      deprecated: false,
      groupName: null,
      payloadCheck: 'off' as const,
      ...settings,
      retryScheduleMs: retrySchedule?.map((seconds) => Math.round(seconds * 1_000)) ?? null,
    })
  }
  return found
}

function changed(
  known: EventType | undefined,
  wanted: Awaited<ReturnType<typeof typesIn>>[number],
): Record<string, Change> {
  return known === undefined ? {} : fieldsThatDiffer({ ...known }, wanted)
}

function fieldsThatDiffer(before: object, after: object): Record<string, Change> {
  const was = before as Record<string, unknown>
  return Object.fromEntries(
    Object.entries(after)
      .filter(([field, value]) => !isDeepStrictEqual(was[field], value))
      .map(([field, value]) => [field, { before: was[field] ?? null, after: value as unknown }]),
  )
}
