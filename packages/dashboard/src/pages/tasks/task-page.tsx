import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { CircleStop } from 'lucide-react'
import { useFormatter, useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { Task } from '../../api/shapes.ts'
import { Button } from '../../parts/button.tsx'
import { Back, Facts, Page, Panel, Stack } from '../../parts/layout.tsx'
import { Progress } from '../../parts/progress.tsx'
import { Sentence } from '../../parts/sentence.tsx'
import { Notice, Awaiting } from '../../parts/states.tsx'
import { Instant } from '../../parts/time.tsx'
import { useSay } from '../../parts/toast.tsx'
import { useMay } from '../../session/session.ts'
import { TaskBadge, useTaskKind } from './task-words.tsx'
import { taskQuery } from './task-query.ts'

const route = getRouteApi('/in/tasks/$taskId')

export function TaskPage() {
  const t = useTranslations('tasks')
  const { taskId } = route.useParams()
  const say = useSay()
  const may = useMay()
  const kind = useTaskKind()
  const queries = useQueryClient()
  const task = useQuery(taskQuery(taskId))
  const cancel = useMutation({
    mutationFn: async () =>
      await ask(
        api.POST('/api/v1/background-task/{task_id}/cancel', {
          params: { path: { task_id: taskId } },
        }),
      ),
    onSuccess: async () => {
      say.done(t('cancelled'))
      await queries.invalidateQueries({ queryKey: ['tasks'] })
    },
    onError: say.failed,
  })
  return (
    <Page
      title={task.data === undefined ? t('title') : kind(task.data.task)}
      back={<Back to="/failed">{t('back')}</Back>}
      actions={
        task.data?.status === 'running' &&
        may('operate') && (
          <Button
            icon={CircleStop}
            busy={cancel.isPending}
            title={t('cancelHow')}
            onClick={() => cancel.mutate()}
          >
            {t('cancel')}
          </Button>
        )
      }
    >
      <Panel>
        {task.data === undefined ? <Awaiting of={task} rows={4} /> : <About task={task.data} />}
      </Panel>
    </Page>
  )
}

function About({ task }: { task: Task }) {
  const t = useTranslations('tasks')
  const format = useFormatter()
  const { data } = task
  const over = data.done + data.skipped
  return (
    <Stack>
      <Progress
        label={t('progress')}
        value={
          task.status === 'finished'
            ? 1
            : data.total === null
              ? null
              : data.total === 0
                ? 0
                : over / data.total
        }
      />
      <p aria-live="polite">
        <TaskBadge task={task} />{' '}
        {t('summary', { done: data.done, skipped: format.number(data.skipped) })}
      </p>
      {data.error !== null && (
        <Notice tone="bad">
          <Sentence text={data.error} coded={data.errorCoded} />
        </Notice>
      )}
      <Facts
        rows={[
          [t('matched'), format.number(data.matched)],
          [t('done'), format.number(data.done)],
          [t('skipped'), `${format.number(data.skipped)} (${t('skippedHow')})`],
          // Of all that is kept: the beginning of time is no date for people.
          ...(Date.parse(data.since) === 0
            ? []
            : [[t('since'), <Instant key="since" at={data.since} />] as const]),
          [t('until'), <Instant key="until" at={data.until} />],
          [t('started'), <Instant key="started" at={data.createdAt} />],
          [t('updated'), <Instant key="updated" at={task.updatedAt} />],
        ]}
      />
    </Stack>
  )
}
