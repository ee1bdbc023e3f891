import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useFormatter, useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { Task } from '../../api/shapes.ts'
import { Panel } from '../../parts/layout.tsx'
import { type Column, rowLink, Table } from '../../parts/table.tsx'
import { TaskBadge, useTaskKind } from './task-words.tsx'

/** What was done in bulk lately, and how far it is. */
export function RecentTasks() {
  const t = useTranslations('failed')
  const words = useTranslations('tasks')
  const format = useFormatter()
  const kind = useTaskKind()
  const tasks = useQuery({
    queryKey: ['tasks'],
    refetchInterval: 5_000,
    queryFn: async () => {
      const query = { limit: 5, order: 'descending' as const }
      return (await ask(api.GET('/api/v1/background-task', { params: { query } }))).data
    },
  })
  if (tasks.data === undefined || tasks.data.length === 0) return null
  const columns: Column<Task>[] = [
    { id: 'state', head: t('state'), is: 'nowrap', cell: (task) => <TaskBadge task={task} /> },
    {
      id: 'kind',
      head: words('title'),
      is: 'fill',
      cell: ({ id, task }) => (
        <Link className={rowLink} to="/tasks/$taskId" params={{ taskId: id }}>
          {kind(task)}
        </Link>
      ),
    },
    { id: 'done', head: words('done'), is: 'number', cell: ({ data }) => format.number(data.done) },
    { id: 'at', head: words('started'), ago: ({ data }) => data.createdAt },
  ]
  return (
    <Panel title={t('recent')} flush>
      <Table
        linked
        label={t('recent')}
        columns={columns}
        rows={tasks.data}
        rowKey={({ id }) => id}
      />
    </Panel>
  )
}
