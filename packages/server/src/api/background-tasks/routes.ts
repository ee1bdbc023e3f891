import { z } from 'zod'
import { PomboError } from '../../core/error.ts'
import { readId, showId } from '../../core/id.ts'
import type { Holder } from '../access.ts'
import { listOf, orderQuery, pageOf, pageQuery, readIdCursor } from '../pagination.ts'
import { json, type Route, route } from '../route.ts'
import type { Pool } from '../../db/pool.ts'
import { showTask, taskOut, taskStatus } from './schema.ts'
import { cancelTask, findTask, listTasks, type TaskRow } from './store.ts'

const tag = 'Background Task'
const path = '/api/v1/background-task'
const params = z.object({ task_id: z.string().max(256) })
const out = { description: 'The task', body: taskOut }

export function backgroundTaskRoutes(db: Pool): Route[] {
  return [
    route({
      method: 'GET',
      path,
      id: 'v1.background-task.list',
      tag,
      summary: 'List background tasks, newest first',
      access: 'tenant',
      query: z.object({
        ...pageQuery,
        ...orderQuery,
        status: taskStatus.optional(),
        task: z.string().max(100).optional(),
      }),
      answers: { 200: { description: 'A page of tasks', body: listOf(taskOut) } },
      async handle({ holder, query }) {
        const cursor = readIdCursor(query, 'descending', 'job')
        const rows = await listTasks(db, holder, query, cursor)
        return json(
          200,
          pageOf(rows, cursor, (row) => showId('job', row.id), showTask),
        )
      },
    }),
    route({
      method: 'GET',
      path: `${path}/{task_id}`,
      id: 'v1.background-task.get',
      tag,
      summary: 'Get a background task',
      access: 'app',
      params,
      answers: { 200: out },
      async handle({ holder, params: { task_id } }) {
        return json(200, showTask(await requireTask(db, holder, task_id)))
      },
    }),
    route({
      method: 'POST',
      path: `${path}/{task_id}/cancel`,
      id: 'v1.background-task.cancel',
      tag,
      summary: 'Cancel a background task',
      description: 'What it has opened already is delivered; nothing more is opened.',
      access: 'app',
      params,
      answers: { 200: out },
      async handle({ holder, params: { task_id } }) {
        const { id } = await requireTask(db, holder, task_id)
        const row = (await cancelTask(db, holder, id)) ?? (await requireTask(db, holder, task_id))
        if (row.status !== 'canceled')
          throw new PomboError('conflict', {
            detail: `Background task "${task_id}" is over already: it has ${row.status}.`,
          })
        return json(200, showTask(row))
      },
    }),
  ]
}

async function requireTask(db: Pool, holder: Holder, shown: string): Promise<TaskRow> {
  const id = readId('job', shown)
  const row = id === undefined ? undefined : await findTask(db, holder, id)
  if (row === undefined) throw new PomboError('not_found', { what: 'background task', id: shown })
  return row
}
