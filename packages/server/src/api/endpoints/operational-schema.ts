import { operationalTypes } from '../../core/operational-types.ts'
import { typeOrPrefix } from '../field.ts'
import {
  endpointIn,
  endpointPatch,
  endpointUpdate,
  otherNames,
  subscriptionsTo,
  whereTo,
} from './schema.ts'

/** Of the tenant's own webhooks, of which there are these types. */
const subscriptions = subscriptionsTo(
  typeOrPrefix.meta({ enum: ['*', ...operationalTypes, ...prefixesOf(operationalTypes)] }),
  ['endpoint.disabled', 'message.*'],
)
const operational = subscriptions.min(1).nullish()

export const operationalBodies = {
  create: endpointIn
    .extend({ eventTypes: operational })
    .meta({ id: 'OperationalWebhookEndpointIn', ...otherNames, ...whereTo }),
  put: endpointUpdate
    .extend({ eventTypes: operational })
    .meta({ id: 'OperationalWebhookEndpointUpdate', ...otherNames, ...whereTo }),
  patch: endpointPatch.extend({ eventTypes: subscriptions.nullish() }).meta({
    id: 'OperationalWebhookEndpointPatch',
    description: 'Only what is given is changed',
    ...otherNames,
  }),
}

function prefixesOf(types: readonly string[]): string[] {
  const parts = types.map((type) => type.split('.'))
  const all = parts.flatMap((names) =>
    names.slice(0, -1).map((_, at) => `${names.slice(0, at + 1).join('.')}.*`),
  )
  return [...new Set(all)]
}
