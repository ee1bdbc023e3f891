import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import { Button } from '../../parts/button.tsx'
import { Form, useFieldErrors } from '../../parts/form.tsx'
import { Back, Page, Panel, Stack } from '../../parts/layout.tsx'
import { NoPermission } from '../../parts/states.tsx'
import { useMay, useSession } from '../../session/session.ts'
import { AppChoice, useAppChoice } from '../../shell/app-choice.tsx'
import { destinationFields } from './draft-destination.ts'
import { emptyDraft, inputOf, isFit } from './draft.ts'
import { EndpointForm } from './endpoint-form.tsx'
import { useMakeEndpoint } from './make-endpoint.ts'
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
  ...destinationFields,
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
  const may = useMay()
  const { kind } = useSession()
  const app = useAppChoice()
  const { appId } = app
  const [draft, set] = useState(emptyDraft)
  const [judged, setJudged] = useState(false)
  const [started] = useState(draft)
  const create = useMakeEndpoint(
    appId,
    draft !== started,
    async (typed: typeof draft) =>
      await ask(
        api.POST('/api/v1/app/{app_id}/endpoint', {
          params: { path: { app_id: appId } },
          body: inputOf(typed),
        }),
      ),
  )
  const { errors, rest } = useFieldErrors(create.error, formFields)
  if (!may('administer')) return <NoPermission />
  const submit = (): void => {
    setJudged(true)
    if (isFit(draft) && appId !== '') create.mutate(draft)
  }
  return (
    <Page title={t('newTitle')} back={<Back to="/endpoints">{list('back')}</Back>}>
      <Form onSend={submit}>
        <Stack>
          {kind === 'account' && (
            <Panel>
              <AppChoice of={app} judged={judged} />
            </Panel>
          )}
          <EndpointForm {...{ appId, draft, set, errors, sent: create.variables, judged }} />
          {rest}
          <div className={styles.save}>
            <Button kind="primary" type="submit" busy={create.isPending}>
              {t('create')}
            </Button>
          </div>
        </Stack>
      </Form>
    </Page>
  )
}
