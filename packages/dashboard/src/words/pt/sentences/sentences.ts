import { api } from './api.ts'
import { connections } from './connections.ts'
import { fields } from './fields.ts'
import { reasons } from './reasons.ts'
import { kinds, refusals } from './refusals.ts'

/** What the server says, by code, with its values in braces; in English it says it itself. */
export const said = {
  sentences: { ...fields, ...connections, ...api, ...reasons, ...refusals },
  kinds,
}
