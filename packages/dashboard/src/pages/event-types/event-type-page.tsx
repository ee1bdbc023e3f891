import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Archive, Pencil } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import { Button, buttonClass } from '../../parts/button.tsx'
import { Code } from '../../parts/code.tsx'
import { Back, Facts, Muted, Page, Panel, Split } from '../../parts/layout.tsx'
import { Awaiting } from '../../parts/states.tsx'
import { Instant } from '../../parts/time.tsx'
import { useSay } from '../../parts/toast.tsx'
import { useMay, useSession } from '../../session/session.ts'
import { EventTypeForm, schemaOf } from './event-type-form.tsx'
import { Example } from './example.tsx'
import { Subscribers } from './subscribers.tsx'
import { checkWords } from './event-types-page.tsx'

const route = getRouteApi('/in/event-types/$name')

export function EventTypePage() {
  const t = useTranslations('eventTypes')
  const { name } = route.useParams()
  const may = useMay()
  const say = useSay()
  const { kind } = useSession()
  const queries = useQueryClient()
  const [editing, setEditing] = useState(false)
  const path = { event_type_name: name }
  const eventType = useQuery({
    queryKey: ['event-types', 'one', name],
    queryFn: async () =>
      await ask(api.GET('/api/v1/event-type/{event_type_name}', { params: { path } })),
  })
  const archive = useMutation({
    mutationFn: async (archived: boolean) =>
      await ask(
        api.PATCH('/api/v1/event-type/{event_type_name}', { params: { path }, body: { archived } }),
      ),
    onSuccess: async () => {
      say.done(t('saved'))
      await queries.invalidateQueries({ queryKey: ['event-types'] })
    },
    onError: say.failed,
  })
  const shown = eventType.data
  const schema = schemaOf(shown)
  return (
    <Page
      title={name}
      back={<Back to="/event-types">{t('back')}</Back>}
      lead={shown?.description}
      actions={
        <>
          <Link to="/messages" search={{ type: name }} className={buttonClass({})}>
            {t('seeMessages')}
          </Link>
          {shown !== undefined && kind === 'account' && may('administer') && (
            <>
              <Button
                icon={Archive}
                busy={archive.isPending}
                onClick={() => archive.mutate(!shown.archived)}
              >
                {shown.archived ? t('unarchive') : t('archive')}
              </Button>
              <Button icon={Pencil} onClick={() => setEditing(true)}>
                {t('edit')}
              </Button>
            </>
          )}
        </>
      }
    >
      {shown === undefined ? (
        <Awaiting of={eventType} />
      ) : (
        <Split
          main={
            <>
              <Panel title={t('schema')}>
                {schema === '' ? (
                  <Muted>{t('noSchema')}</Muted>
                ) : (
                  <Code label={t('schema')} text={schema} />
                )}
              </Panel>
              <Example schema={schema} />
              <Subscribers name={name} />
            </>
          }
          side={
            <Panel title={t('details')}>
              <Facts
                rows={[
                  [t('group'), shown.groupName ?? '–'],
                  [t('check'), t(checkWords[shown.payloadCheck])],
                  [t('flag'), shown.featureFlag ?? '–'],
                  [
                    t('state'),
                    shown.archived ? t('archived') : shown.deprecated ? t('deprecated') : '–',
                  ],
                  [t('created'), <Instant key="at" at={shown.createdAt} />],
                ]}
              />
            </Panel>
          }
        />
      )}
      {editing && shown !== undefined && (
        <EventTypeForm eventType={shown} onClose={() => setEditing(false)} />
      )}
    </Page>
  )
}
