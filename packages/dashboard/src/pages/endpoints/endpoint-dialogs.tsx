import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import { eventTypeNamesQuery } from '../../api/event-types.ts'
import type { Endpoint } from '../../api/shapes.ts'
import { Button } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { TextField } from '../../parts/field.tsx'
import { useFieldErrors } from '../../parts/form.tsx'
import { localTime } from '../../parts/local-time.ts'
import { useSay } from '../../parts/toast.tsx'
import { endpointStatsQuery } from './queries.ts'

interface Of {
  appId: string
  endpoint: Endpoint
  onClose: () => void
}

export function ExampleDialog({ appId, endpoint, onClose }: Of) {
  const t = useTranslations('endpoints.detail')
  const say = useSay()
  const navigate = useNavigate()
  const types = useQuery(eventTypeNamesQuery)
  const [eventType, setEventType] = useState(endpoint.eventTypes?.[0] ?? '')
  const send = useMutation({
    mutationFn: async () =>
      await ask(
        api.POST('/api/v1/app/{app_id}/endpoint/{endpoint_id}/send-example', {
          params: { path: { app_id: appId, endpoint_id: endpoint.id } },
          body: { eventType: eventType.trim() },
        }),
      ),
    onSuccess: async ({ id }) => {
      say.done(t('exampleSent'))
      await navigate({ to: '/messages/$appId/$messageId', params: { appId, messageId: id } })
    },
  })
  const { errors, rest } = useFieldErrors(send.error, ['eventType'])
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('sendExample')}
      buttons={
        <Button kind="primary" busy={send.isPending} onClick={() => send.mutate()}>
          {t('sendExample')}
        </Button>
      }
    >
      <p>{t('exampleHow')}</p>
      {rest}
      <TextField
        label={t('exampleType')}
        list="example-types"
        mono
        value={eventType}
        error={errors['eventType']}
        onChange={(event) => setEventType(event.target.value)}
      />
      <datalist id="example-types">
        {types.data?.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </Dialog>
  )
}

const HOUR_MS = 3_600_000

export function RecoverDialog({ appId, endpoint, onClose }: Of) {
  const t = useTranslations('endpoints.detail')
  const say = useSay()
  const navigate = useNavigate()
  const [since, setSince] = useState(() =>
    localTime(new Date(endpoint.health?.failingSince ?? Date.now() - 24 * HOUR_MS)),
  )
  const recover = useMutation({
    mutationFn: async () =>
      await ask(
        api.POST('/api/v1/app/{app_id}/endpoint/{endpoint_id}/recover', {
          params: { path: { app_id: appId, endpoint_id: endpoint.id } },
          body: { since: new Date(since).toISOString() },
        }),
      ),
    onSuccess: async ({ id }) => {
      say.done(t('recoverStarted'))
      await navigate({ to: '/tasks/$taskId', params: { taskId: id } })
    },
  })
  const { errors, rest } = useFieldErrors(recover.error, ['since'])
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('recover')}
      buttons={
        <Button
          kind="primary"
          busy={recover.isPending}
          disabled={Number.isNaN(Date.parse(since))}
          onClick={() => recover.mutate()}
        >
          {t('recover')}
        </Button>
      }
    >
      <p>{t('recoverHow')}</p>
      {rest}
      <TextField
        label={t('recoverSince')}
        type="datetime-local"
        step={1}
        value={since}
        error={errors['since']}
        onChange={(event) => setSince(event.target.value)}
      />
    </Dialog>
  )
}

export function DeleteDialog({ appId, endpoint, onClose }: Of) {
  const t = useTranslations('endpoints.detail')
  const common = useTranslations('common')
  const say = useSay()
  const navigate = useNavigate()
  const queries = useQueryClient()
  const stats = useQuery(endpointStatsQuery(appId, endpoint.id))
  const remove = useMutation({
    mutationFn: async () =>
      await ask(
        api.DELETE('/api/v1/app/{app_id}/endpoint/{endpoint_id}', {
          params: { path: { app_id: appId, endpoint_id: endpoint.id } },
        }),
      ),
    onSuccess: async () => {
      say.done(t('deleted'))
      void queries.invalidateQueries({ queryKey: ['endpoints'] })
      await navigate({ to: '/endpoints' })
    },
    onError: say.failed,
  })
  const waiting = stats.data && stats.data.pending + stats.data.sending
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('delete')}
      buttons={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button kind="danger" busy={remove.isPending} onClick={() => remove.mutate()}>
            {common('delete')}
          </Button>
        </>
      }
    >
      <p>
        {t('deleteHow')} {waiting !== undefined && t('deleteWaiting', { count: waiting })}
      </p>
    </Dialog>
  )
}
