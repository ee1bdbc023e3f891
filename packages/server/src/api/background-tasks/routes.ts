import { z } from 'zod'
import { PomboError } from '../../core/error.ts'
import { readId } from '../../core/id.ts'
import type { Holder } from '../access.ts'
import { resource } from '../resource.ts'
import { json, type Route, route } from '../route.ts'
import type { Pool } from '../../db/pool.ts'
import { showTask, taskOut, taskStatus } from './schema.ts'
import { cancelTask, findTask, listTasks, type TaskRow } from './store.ts'
import { say } from '../../core/sentences/sentences.ts'

const path = '/api/v1/background-task/{task_id}'
const out = { description: 'The task', body: taskOut }

export function backgroundTaskRoutes(db: Pool): Route[] {
  return [
    ...resource({
      path,
      id: 'v1.background-task',
      tag: 'Background Task',
      words: { one: 'a background task', many: 'background tasks' },
      access: 'app',
      out: taskOut,
      show: showTask,
      list: {
        summary: 'List background tasks, newest first',
        page: 'A page of tasks',
        query: { status: taskStatus.optional(), task: z.string().max(100).optional() },
        order: 'descending',
        iterators: 'job',
        find: async ({ holder, query }, cursor) => await listTasks(db, holder, query, cursor),
      },
      get: {
        access: 'app',
        answers: { 200: out },
        store: async ({ holder, params }) => await requireTask(db, holder, params.task_id),
      },
    }),
    route({
      at: `POST ${path}/cancel`,
      id: 'v1.background-task.cancel',
      tag: 'Background Task',
      summary: 'Cancel a background task',
      description: 'What it has opened already is delivered; nothing more is opened.',
      access: 'app',
      answers: { 200: out },
      async handle({ holder, params: { task_id } }) {
        const { id } = await requireTask(db, holder, task_id)
        const row = (await cancelTask(db, holder, id)) ?? (await requireTask(db, holder, task_id))
        if (row.status !== 'canceled')
          throw new PomboError('conflict', {
            detail: say('task_over', { id: task_id, status: row.status }),
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
