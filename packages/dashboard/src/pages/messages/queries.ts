import { queryOptions } from '@tanstack/react-query'
import { api, ask } from '../../api/client.ts'
import { parseExact } from '../../api/exact-json.ts'
import { asProblem, type Problem } from '../../api/problem.ts'
import type { Attempt, EndpointOfMessage, Message } from '../../api/shapes.ts'

/** A message's attempts are shown up to here; more of them are a loop that somebody made. */
const ATTEMPTS = 250

/** `shut`: why its payload cannot be opened. What became of it is then asked for all the more. */
export type ShownMessage = Message & { shut?: Problem }

export function messageQuery(app: string, id: string) {
  // As text, so that the payload's numbers are read as they were written.
  const get = async (withContent: boolean): Promise<Message> => {
    const params = { path: { app_id: app, msg_id: id }, query: { with_content: withContent } }
    const request = api.GET('/api/v1/app/{app_id}/msg/{msg_id}', { params, parseAs: 'text' })
    return parseExact(await ask<string>(request)) as Message
  }
  return queryOptions({
    queryKey: ['message', app, id],
    staleTime: 60_000,
    queryFn: async (): Promise<ShownMessage> =>
      await get(true).catch(async (error: unknown) => {
        const problem = asProblem(error)
        if (problem.code !== 'payload_sealed') throw error
        return { ...(await get(false)), shut: problem }
      }),
  })
}

const following = { refetchInterval: 5_000 }

export function attemptsQuery(app: string, id: string) {
  return queryOptions({
    queryKey: ['message', app, id, 'attempts'],
    ...following,
    queryFn: async (): Promise<Attempt[]> => {
      const params = {
        path: { app_id: app, msg_id: id },
        query: { limit: ATTEMPTS, with_content: true, expanded_statuses: true },
      }
      const page = await ask(api.GET('/api/v1/app/{app_id}/attempt/msg/{msg_id}', { params }))
      return page.data
    },
  })
}

export function destinationsQuery(app: string, id: string) {
  return queryOptions({
    queryKey: ['message', app, id, 'endpoints'],
    ...following,
    queryFn: async (): Promise<EndpointOfMessage[]> => {
      const params = {
        path: { app_id: app, msg_id: id },
        query: { limit: 250, expanded_statuses: true },
      }
      const page = await ask(api.GET('/api/v1/app/{app_id}/msg/{msg_id}/endpoint', { params }))
      return page.data
    },
  })
}

export function explainQuery(app: string, id: string) {
  return queryOptions({
    queryKey: ['message', app, id, 'explain'],
    staleTime: 30_000,
    queryFn: async () => {
      const params = { path: { app_id: app, msg_id: id }, query: { limit: 250 } }
      return await ask(api.GET('/api/v1/app/{app_id}/msg/{msg_id}/explain', { params }))
    },
  })
}

export function sentQuery(app: string, id: string, attempt: string) {
  return queryOptions({
    queryKey: ['message', app, id, 'sent', attempt],
    staleTime: 60_000,
    queryFn: async () => {
      const params = { path: { app_id: app, msg_id: id, attempt_id: attempt } }
      const path = '/api/v1/app/{app_id}/msg/{msg_id}/attempt/{attempt_id}/request'
      return await ask(api.GET(path, { params }))
    },
  })
}
