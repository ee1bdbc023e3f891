import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import { asProblem } from '../../api/problem.ts'
import type { Endpoint } from '../../api/shapes.ts'
import { Button, IconButton } from '../../parts/button.tsx'
import { TextField } from '../../parts/field.tsx'
import { Form, useFieldErrors } from '../../parts/form.tsx'
import { Columns, Muted, Panel, Row, Stack } from '../../parts/layout.tsx'
import { Bones, Failure } from '../../parts/states.tsx'
import { useSay } from '../../parts/toast.tsx'
import { useLeaveGuard } from '../../parts/use-leave-guard.ts'
import { Secret } from './secret.tsx'

interface Of {
  appId: string
  endpoint: Endpoint
}

export function SecretAndHeaders(given: Of) {
  const t = useTranslations('endpoints.secrets')
  const { appId, endpoint } = given
  const params = { path: { app_id: appId, endpoint_id: endpoint.id } }
  const path = '/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret'
  return (
    <Columns>
      <Panel title={t('secret')}>
        <Secret
          of={[appId, endpoint.id]}
          signed={endpoint}
          read={async () => (await ask(api.GET(path, { params }))).key}
          rotate={async (body) => await ask(api.POST(`${path}/rotate`, { params, body }))}
        />
      </Panel>
      <Headers {...given} />
    </Columns>
  )
}

function Headers({ appId, endpoint }: Of) {
  const t = useTranslations('endpoints.secrets')
  const [saves, setSaves] = useState(0)
  const params = { path: { app_id: appId, endpoint_id: endpoint.id } }
  const headers = useQuery({
    queryKey: ['endpoint-headers', appId, endpoint.id],
    queryFn: async () =>
      await ask(api.GET('/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers', { params })),
  })
  return (
    <Panel title={t('headers')}>
      {headers.data === undefined ? (
        headers.error === null ? (
          <Bones rows={3} />
        ) : (
          <Failure problem={asProblem(headers.error)} />
        )
      ) : (
        <HeadersForm
          // Begun anew by a save alone: what is asked again meanwhile must not take what was typed.
          key={saves}
          {...{ appId, endpoint }}
          read={headers.data as Shown}
          onSaved={() => setSaves((count) => count + 1)}
        />
      )}
    </Panel>
  )
}

interface Shown {
  headers: Record<string, string>
  sensitive: readonly string[]
}

interface Line {
  id: number
  name: string
  value: string
}

function HeadersForm({
  appId,
  endpoint,
  read,
  onSaved,
}: Of & { read: Shown; onSaved: () => void }) {
  const t = useTranslations('endpoints.secrets')
  const common = useTranslations('common')
  const say = useSay()
  const queries = useQueryClient()
  // As they were when the typing began.
  const [{ headers: before, sensitive }] = useState(read)
  const [removed, setRemoved] = useState<string[]>([])
  const [lines, setLines] = useState<Line[]>(() =>
    Object.entries(before).map(([name, value], id) => ({ id, name, value })),
  )
  const save = useMutation({
    mutationFn: async () => {
      const kept = lines.filter(({ name }) => name.trim() !== '')
      await ask(
        api.PATCH('/api/v1/app/{app_id}/endpoint/{endpoint_id}/headers', {
          params: { path: { app_id: appId, endpoint_id: endpoint.id } },
          body: {
            headers: Object.fromEntries(kept.map(({ name, value }) => [name.trim(), value])),
            deleteHeaders: [
              ...removed,
              ...Object.keys(before).filter(
                (name) => !kept.some((one) => one.name.trim() === name),
              ),
            ],
          },
        }),
      )
    },
    onSuccess: async () => {
      say.done(t('headersSaved'))
      await queries.invalidateQueries({ queryKey: ['endpoint-headers', appId, endpoint.id] })
      onSaved()
    },
  })
  const { errors, rest } = useFieldErrors(save.error, ['headers'])
  const asRead = Object.entries(before)
  const same =
    lines.length === asRead.length && lines.every(({ name, value }) => before[name] === value)
  useLeaveGuard((!same || removed.length > 0) && !save.isSuccess)
  const change = (id: number, part: Partial<Line>): void =>
    setLines((all) => all.map((one) => (one.id === id ? { ...one, ...part } : one)))
  return (
    <Form onSend={() => save.mutate()}>
      <Stack tight>
        <Muted>{t('headersHow')}</Muted>
        {rest}
        {errors['headers'] !== undefined && <p role="alert">{errors['headers']}</p>}
        {sensitive
          .filter((name) => !removed.includes(name))
          .map((name) => (
            <Row key={name}>
              <code>{name}</code> <Muted>{t('hidden')}</Muted>
              <IconButton
                small
                label={`${common('remove')}: ${name}`}
                icon={Trash2}
                iconSize={13}
                onClick={() => setRemoved((all) => [...all, name])}
              />
            </Row>
          ))}
        {lines.map(({ id, name, value }) => (
          <Row key={id}>
            <TextField
              label={t('headerName')}
              labelHidden
              placeholder={t('headerName')}
              mono
              value={name}
              onChange={(event) => change(id, { name: event.target.value })}
            />
            <TextField
              label={t('headerValue')}
              labelHidden
              placeholder={t('headerValue')}
              mono
              value={value}
              onChange={(event) => change(id, { value: event.target.value })}
            />
            <IconButton
              small
              label={`${common('remove')}: ${name}`}
              icon={Trash2}
              iconSize={13}
              onClick={() => setLines((all) => all.filter((one) => one.id !== id))}
            />
          </Row>
        ))}
        <Row>
          <Button
            icon={Plus}
            onClick={() =>
              setLines((all) => [
                ...all,
                { id: Math.max(-1, ...all.map(({ id }) => id)) + 1, name: '', value: '' },
              ])
            }
          >
            {common('add')}
          </Button>
          <Button kind="primary" type="submit" busy={save.isPending}>
            {common('save')}
          </Button>
        </Row>
      </Stack>
    </Form>
  )
}
