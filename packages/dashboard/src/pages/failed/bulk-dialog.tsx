import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import { asProblem } from '../../api/problem.ts'
import type { BulkInput } from '../../api/shapes.ts'
import { Button } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { CheckField, TextField } from '../../parts/field.tsx'
import { useFieldErrors } from '../../parts/form.tsx'
import { Muted, Row, Stack } from '../../parts/layout.tsx'
import { localTime } from '../../parts/local-time.ts'
import { Bones, Failure } from '../../parts/states.tsx'
import { Ago } from '../../parts/time.tsx'
import { useSettled } from '../../parts/use-settled.ts'
import { WentWrong } from './went-wrong.tsx'

type Filter = NonNullable<BulkInput['filter']>
type States = NonNullable<Filter['states']>

export interface Bulk {
  action: BulkInput['action']
  /** Chosen by hand; none: all that the filter finds. */
  chosen: NonNullable<BulkInput['deliveries']>
  filter: Filter
}

const words = {
  retry: ['retryTitle', 'retryHow'],
  discard: ['discardTitle', 'discardHow'],
  replay: ['replayTitle', 'replayHow'],
} as const

const DAY_MS = 86_400_000
const replayed = ['exhausted', 'discarded', 'delivered'] as const
const replayedWords = {
  exhausted: 'statesExhausted',
  discarded: 'statesDiscarded',
  delivered: 'statesDelivered',
} as const

/** Shows how many and which before anything is done; what is done goes on as a task of Pombo's. */
export function BulkDialog({ bulk, onClose }: { bulk: Bulk; onClose: () => void }) {
  const t = useTranslations('failed.bulk')
  const common = useTranslations('common')
  const navigate = useNavigate()
  const queries = useQueryClient()
  const { action } = bulk
  const [title, how] = words[action]
  const [reason, setReason] = useState('')
  const [judged, setJudged] = useState(false)
  const [since, setSince] = useState(() => localTime(new Date(Date.now() - DAY_MS)))
  const [states, setStates] = useState<readonly string[]>(['exhausted', 'discarded'])
  const input = inputOf(bulk, { reason, since, states })
  const settled = useSettled(JSON.stringify({ ...input, reason: undefined }), 300)
  const preview = useQuery({
    queryKey: ['bulk-preview', settled],
    retry: false,
    gcTime: 0,
    placeholderData: (before) => before,
    queryFn: async () => {
      const body = {
        ...(JSON.parse(settled) as BulkInput),
        ...(action === 'discard' && { reason: '–' }),
      }
      return await ask(api.POST('/api/v1/bulk/preview', { body }))
    },
  })
  const go = useMutation({
    mutationFn: async () => await ask(api.POST('/api/v1/bulk', { body: input })),
    onSuccess: async ({ id }) => {
      void queries.invalidateQueries({ queryKey: ['tasks'] })
      await navigate({ to: '/tasks/$taskId', params: { taskId: id } })
    },
  })
  const { errors, rest } = useFieldErrors(go.error, ['reason'])
  const count = preview.data?.count ?? 0
  const reasonless = action === 'discard' && reason.trim() === ''
  return (
    <Dialog
      open
      held
      onClose={onClose}
      title={t(title)}
      buttons={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button
            kind={action === 'discard' ? 'danger' : 'primary'}
            busy={go.isPending}
            disabled={preview.data === undefined || count === 0}
            onClick={() => {
              setJudged(true)
              if (!reasonless) go.mutate()
            }}
          >
            {t(`go${action}`, { count })}
          </Button>
        </>
      }
    >
      <p>{t(how)}</p>
      {rest}
      {action === 'discard' && (
        <TextField
          label={t('reason')}
          help={t('reasonHelp')}
          value={reason}
          error={judged && reasonless ? t('reasonNeeded') : errors['reason']}
          onChange={(event) => setReason(event.target.value)}
        />
      )}
      {action === 'replay' && (
        <>
          <TextField
            label={t('since')}
            type="datetime-local"
            step={1}
            value={since}
            onChange={(event) => setSince(event.target.value)}
          />
          <Row>
            {replayed.map((one) => (
              <CheckField
                key={one}
                label={t(replayedWords[one])}
                checked={states.includes(one)}
                onChange={(event) =>
                  setStates((before) =>
                    event.target.checked
                      ? [...before, one]
                      : before.filter((other) => other !== one),
                  )
                }
              />
            ))}
          </Row>
        </>
      )}
      {preview.data === undefined ? (
        preview.error === null ? (
          <Bones rows={3} />
        ) : (
          <Failure problem={asProblem(preview.error)} />
        )
      ) : (
        <Stack tight>
          <strong>
            {preview.data.exact ? t('count', { count }) : t('countAtLeast', { count })}
          </strong>
          {preview.data.sample.length > 0 && <Muted>{t('sample')}</Muted>}
          <ul>
            {preview.data.sample.map((one) => (
              <li key={`${one.messageId} ${one.endpointId}`}>
                {one.eventType} ·{' '}
                <Muted>
                  {one.cause === null ? (
                    (one.statusCode ?? one.messageId)
                  ) : (
                    <WentWrong cause={one.cause} error={one.error} errorCoded={one.errorCoded} />
                  )}
                </Muted>{' '}
                · <Ago at={one.createdAt} />
              </li>
            ))}
          </ul>
        </Stack>
      )}
    </Dialog>
  )
}

function inputOf(
  { action, chosen, filter }: Bulk,
  typed: { reason: string; since: string; states: readonly string[] },
): BulkInput {
  const base = { action, ...(action === 'discard' && { reason: typed.reason.trim() }) }
  if (chosen.length > 0) return { ...base, deliveries: chosen }
  if (action !== 'replay') return { ...base, filter }
  const since = Number.isNaN(Date.parse(typed.since)) ? null : new Date(typed.since).toISOString()
  return { ...base, filter: { ...filter, since, states: [...typed.states] as States } }
}
