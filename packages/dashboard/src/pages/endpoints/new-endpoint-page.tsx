import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { ArrowLeft } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { appsQuery } from '../../api/apps.ts'
import { api, ask } from '../../api/client.ts'
import { Button } from '../../parts/button.tsx'
import { SelectField } from '../../parts/field.tsx'
import { useFieldErrors } from '../../parts/form.tsx'
import { backClass, Page, Panel, Stack } from '../../parts/layout.tsx'
import { NoPermission } from '../../parts/states.tsx'
import { useSay } from '../../parts/toast.tsx'
import { useLeaveGuard } from '../../parts/use-leave-guard.ts'
import { useMay, useSession } from '../../session/session.ts'
import { useScope } from '../../shell/scope.ts'
import { emptyDraft, inputOf, isFit } from './draft.ts'
import { EndpointForm } from './endpoint-form.tsx'
import styles from './endpoint-form.module.css'

export const formFields = [
  'url',
  'description',
  'eventTypes',
  'channels',
  'filter',
  'transform',
  'dialect',
  'retrySchedule',
  'timeoutMs',
  'throttleRate',
  'maxInFlight',
  'secret',
  ...['url', 'queue', 'exchange', 'routingKey', 'subject', 'stream', 'token', 'credentials'].map(
    (name) => `destination.${name}`,
  ),
  ...['topic', 'qos', 'maxLength', 'table'].map((name) => `destination.${name}`),
  'destination',
  ...[
    'token',
    'username',
    'password',
    'tokenUrl',
    'clientId',
    'clientSecret',
    'scopes',
    'extraParams',
  ].map((name) => `auth.${name}`),
  'auth',
  'tls.cert',
  'tls.key',
  'tls.ca',
  'tls',
]

export function NewEndpointPage() {
  const t = useTranslations('endpointForm')
  const list = useTranslations('endpoints.detail')
  const say = useSay()
  const may = useMay()
  const navigate = useNavigate()
  const queries = useQueryClient()
  const { kind } = useSession()
  const scope = useScope()
  const apps = useQuery({ ...appsQuery, enabled: kind === 'account' })
  const [chosen, setChosen] = useState<string>()
  const appId = chosen ?? scope ?? (apps.data?.length === 1 ? apps.data[0]!.id : '')
  const [draft, set] = useState(emptyDraft)
  const [judged, setJudged] = useState(false)
  const [started] = useState(draft)
  const create = useMutation({
    mutationFn: async () =>
      await ask(
        api.POST('/api/v1/app/{app_id}/endpoint', {
          params: { path: { app_id: appId } },
          body: inputOf(draft),
        }),
      ),
    onSuccess: async ({ id }) => {
      say.done(t('created'))
      void queries.invalidateQueries({ queryKey: ['endpoints'] })
      await navigate({
        to: '/endpoints/$appId/$endpointId',
        params: { appId, endpointId: id },
        ignoreBlocker: true,
      })
    },
  })
  useLeaveGuard(draft !== started && !create.isSuccess)
  const { errors, rest } = useFieldErrors(create.error, formFields)
  if (!may('administer')) return <NoPermission />
  const submit = (): void => {
    setJudged(true)
    if (isFit(draft) && appId !== '') create.mutate()
  }
  return (
    <Page
      title={t('newTitle')}
      back={
        <Link to="/endpoints" className={backClass}>
          <ArrowLeft size={13} aria-hidden /> {list('back')}
        </Link>
      }
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          submit()
        }}
      >
        <Stack>
          {kind === 'account' && (
            <Panel>
              <SelectField
                label={t('app')}
                value={appId}
                onPick={setChosen}
                error={judged && appId === '' ? t('pickApp') : undefined}
                options={[
                  { value: '', label: '—' },
                  ...(apps.data ?? []).map(({ id, name }) => ({ value: id, label: name })),
                ]}
              />
            </Panel>
          )}
          <EndpointForm {...{ appId, draft, set, errors, judged }} />
          {rest}
          <div className={styles.save}>
            <Button kind="primary" type="submit" busy={create.isPending}>
              {t('create')}
            </Button>
          </div>
        </Stack>
      </form>
    </Page>
  )
}
