import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Eye, EyeOff, Plus, RefreshCw, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import { asProblem } from '../../api/problem.ts'
import type { Endpoint } from '../../api/shapes.ts'
import { Button, IconButton } from '../../parts/button.tsx'
import { Code, Id } from '../../parts/code.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { SelectField, TextField } from '../../parts/field.tsx'
import { useFieldErrors } from '../../parts/form.tsx'
import { Columns, Muted, Panel, Row, Stack } from '../../parts/layout.tsx'
import { Bones, Failure } from '../../parts/states.tsx'
import { useSay } from '../../parts/toast.tsx'

interface Of {
  appId: string
  endpoint: Endpoint
}

export function SecretAndHeaders(given: Of) {
  return (
    <Columns>
      <Secret {...given} />
      <Headers {...given} />
    </Columns>
  )
}

const verifyExample = `import { Webhook } from 'standardwebhooks'

const event = new Webhook(secret).verify(bodyText, request.headers)`

function Secret({ appId, endpoint }: Of) {
  const t = useTranslations('endpoints.secrets')
  const [shown, setShown] = useState(false)
  const [rotating, setRotating] = useState(false)
  const params = { path: { app_id: appId, endpoint_id: endpoint.id } }
  // Asked for when it is to be seen, and forgotten with the page.
  const secret = useQuery({
    queryKey: ['endpoint-secret', appId, endpoint.id],
    enabled: shown,
    gcTime: 0,
    queryFn: async () =>
      await ask(api.GET('/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret', { params })),
  })
  return (
    <Panel title={t('secret')}>
      <Stack>
        <Muted>{t('how')}</Muted>
        {shown && secret.data !== undefined && <Id id={secret.data.key} />}
        {shown && secret.error !== null && <Failure problem={asProblem(secret.error)} />}
        <Row>
          <Button
            icon={shown ? <EyeOff size={14} aria-hidden /> : <Eye size={14} aria-hidden />}
            busy={secret.isFetching}
            onClick={() => setShown(!shown)}
          >
            {shown ? t('hide') : t('show')}
          </Button>
          <Button icon={<RefreshCw size={14} aria-hidden />} onClick={() => setRotating(true)}>
            {t('rotate')}
          </Button>
        </Row>
        <Code label={t('verify')} text={verifyExample} />
      </Stack>
      {rotating && (
        <RotateDialog
          {...{ appId, endpoint }}
          onClose={() => setRotating(false)}
          onDone={() => setShown(true)}
        />
      )}
    </Panel>
  )
}

const graces = {
  '0': 'grace0',
  '3600': 'grace1h',
  '86400': 'grace24h',
  '604800': 'grace7d',
} as const

function RotateDialog({
  appId,
  endpoint,
  onClose,
  onDone,
}: Of & { onClose: () => void; onDone: () => void }) {
  const t = useTranslations('endpoints.secrets')
  const say = useSay()
  const queries = useQueryClient()
  const [grace, setGrace] = useState<keyof typeof graces>('86400')
  const rotate = useMutation({
    mutationFn: async () =>
      await ask(
        api.POST('/api/v1/app/{app_id}/endpoint/{endpoint_id}/secret/rotate', {
          params: { path: { app_id: appId, endpoint_id: endpoint.id } },
          body: { gracePeriodSeconds: Number(grace) },
        }),
      ),
    onSuccess: async () => {
      say.done(t('rotated'))
      await queries.invalidateQueries({ queryKey: ['endpoint-secret', appId, endpoint.id] })
      onDone()
      onClose()
    },
    onError: say.failed,
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('rotate')}
      buttons={
        <Button kind="primary" busy={rotate.isPending} onClick={() => rotate.mutate()}>
          {t('rotate')}
        </Button>
      }
    >
      <p>{t('rotateHow')}</p>
      <SelectField
        label={t('grace')}
        value={grace}
        onPick={setGrace}
        options={(Object.keys(graces) as (keyof typeof graces)[]).map((value) => ({
          value,
          label: t(graces[value]),
        }))}
      />
    </Dialog>
  )
}

function Headers({ appId, endpoint }: Of) {
  const t = useTranslations('endpoints.secrets')
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
          key={headers.dataUpdatedAt}
          {...{ appId, endpoint }}
          before={headers.data.headers as Record<string, string>}
          sensitive={headers.data.sensitive}
        />
      )}
    </Panel>
  )
}

interface Line {
  id: number
  name: string
  value: string
}

function HeadersForm({
  appId,
  endpoint,
  before,
  sensitive,
}: Of & { before: Record<string, string>; sensitive: readonly string[] }) {
  const t = useTranslations('endpoints.secrets')
  const common = useTranslations('common')
  const say = useSay()
  const queries = useQueryClient()
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
    },
  })
  const { errors, rest } = useFieldErrors(save.error, ['headers'])
  const change = (id: number, part: Partial<Line>): void =>
    setLines((all) => all.map((one) => (one.id === id ? { ...one, ...part } : one)))
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        save.mutate()
      }}
    >
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
                icon={<Trash2 size={13} aria-hidden />}
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
              icon={<Trash2 size={13} aria-hidden />}
              onClick={() => setLines((all) => all.filter((one) => one.id !== id))}
            />
          </Row>
        ))}
        <Row>
          <Button
            icon={<Plus size={14} aria-hidden />}
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
    </form>
  )
}
