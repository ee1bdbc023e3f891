/** Organisations are apps: what belongs to one is delivered, listed and counted within it. */
import { z } from 'zod'
import { invalid, PomboError } from '../../core/error.ts'
import { fields } from '../../core/json-values.ts'
import type { Caller, DialectApp } from '../contract/caller.ts'
import type { DialectPorts } from '../contract/ports.ts'

/** Tells organisations from other apps. */
const organizationMark = { dialect: 'agentes' } as const

export interface Organizations {
  /** The one that is named, else the key's own, else the usual one; made on first use. */
  ensure(caller: Caller, id: string | undefined): Promise<DialectApp>
  /** `not_found` */
  find(caller: Caller, id: string): Promise<DialectApp>
}

export function organizationsOf(ports: DialectPorts, usual: string): Organizations {
  const own = async (caller: Caller) => {
    if (caller.appId === null) return undefined
    const { rows } = await ports.apps.list(caller, { limit: 1 })
    return rows[0]
  }
  return {
    async ensure(caller, id) {
      if (id === undefined) {
        const one = await own(caller)
        if (one) return one
      }
      return await ports.apps.ensure(caller, id ?? usual, { metadata: organizationMark }, [
        'body',
        'organization_id',
      ])
    },
    async find(caller, id) {
      const one = await ports.apps.find(caller, id)
      if (!one) throw new PomboError('not_found', { what: 'organization', id })
      return one
    },
  }
}

/** An id of another system: text, or a number as a serial column gives it. */
export const givenId = z.union([z.string(), z.number()]).nullish()

export function idOf(body: unknown, name: string): string | undefined {
  const value = fields(body)?.[name]
  if (value === undefined || value === null || value === '') return undefined
  const id = typeof value === 'number' ? String(value) : value
  if (typeof id !== 'string' || id.length > 256 || /\p{Cc}/u.test(id))
    throw invalid(['body', name], 'must be an id: text of at most 256 characters')
  return id
}
