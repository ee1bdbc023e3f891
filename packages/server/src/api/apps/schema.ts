import { z } from 'zod'
import { iso } from '../../core/clock.ts'
import { showId } from '../../core/id.ts'
import type { App } from '../../registry/apps/app.ts'
import { aliases } from '../../core/known.ts'
import { component, metadata, name, shownMetadata, time, uid, between } from '../field.ts'

const throttleRate = between(1, 65_535)
  .nullish()
  .describe("Requests a second to all of the application's endpoints together; null: no limit")

const fields = {
  name: name.meta({ examples: ['My first application'] }),
  uid: uid.nullish(),
  throttleRate,
  metadata: metadata.optional(),
}

const otherNames = aliases({ rateLimit: 'throttleRate' })

export const applicationIn = z.object(fields).meta({
  ...otherNames,
  id: 'ApplicationIn',
  description: 'What messages are sent to: a customer, a session, an instance, a device',
})

export const applicationPatch = z
  .object({ ...fields, name: fields.name.optional() })
  .meta({ ...otherNames, id: 'ApplicationPatch', description: 'Only what is given is changed' })

export const applicationOut = component('ApplicationOut', {
  id: z.string().meta({ examples: ['app_01hzy3k9v2e8r5c7m4n6p8q0sa'] }),
  uid: z.string().nullable(),
  name: z.string(),
  throttleRate: z.int().nullable(),
  rateLimit: z.int().nullable().describe('Another name of throttleRate'),
  metadata: shownMetadata,
  createdAt: time,
  updatedAt: time,
})

export function showApp(app: App): z.output<typeof applicationOut> {
  return {
    id: showId('app', app.id),
    uid: app.uid,
    name: app.name,
    throttleRate: app.throttleRate,
    rateLimit: app.throttleRate,
    metadata: app.metadata,
    createdAt: iso(app.createdAtMs),
    updatedAt: iso(app.updatedAtMs),
  }
}
