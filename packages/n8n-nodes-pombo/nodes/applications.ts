import type { ILoadOptionsFunctions, INodePropertyOptions } from 'n8n-workflow'
import { call, isObject } from './request'

interface Listed {
  data: { id: string; uid?: string | null; name: string; description?: string }[]
  iterator: string | null
  done: boolean
}

/** A list is shown to be chosen from; whoever has more applications writes the id. */
const mostPages = 4

async function all(caller: ILoadOptionsFunctions, target: string): Promise<Listed['data']> {
  const found: Listed['data'] = []
  let iterator: string | null = null
  for (let page = 0; page < mostPages; page++) {
    const query = { limit: 250, ...(iterator === null ? {} : { iterator }) }
    const answer = await call(caller, 'GET', target, { query })
    if (!isObject(answer)) break
    const listed = answer as unknown as Listed
    found.push(...listed.data)
    iterator = listed.iterator
    if (listed.done || iterator === null) break
  }
  return found
}

/** The applications, by name. In WhatsApp's gateways each session is one. */
export async function getApplications(
  this: ILoadOptionsFunctions,
): Promise<INodePropertyOptions[]> {
  const apps = await all(this, '/app')
  return apps
    .map(({ id, uid, name }) => ({ name, value: uid ?? id }))
    .sort((a, b) => a.name.localeCompare(b.name))
}
