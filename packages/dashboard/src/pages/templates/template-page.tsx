import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { asProblem } from '../../api/problem.ts'
import { Back, Page, Panel } from '../../parts/layout.tsx'
import { Bones, Empty, Failure, NoPermission } from '../../parts/states.tsx'
import { useMay } from '../../session/session.ts'
import { templatesQuery, useTemplateWords } from './queries.ts'
import { UseTemplate } from './use-template.tsx'

const route = getRouteApi('/in/templates/$templateId')

export function TemplatePage() {
  const t = useTranslations('templates')
  const say = useTemplateWords()
  const may = useMay()
  const { templateId } = route.useParams()
  const templates = useQuery(templatesQuery)
  const shown = templates.data?.find(({ id }) => id === templateId)
  return (
    <Page
      title={shown?.name ?? t('title')}
      lead={shown && say(shown.about)}
      back={<Back to="/templates">{t('title')}</Back>}
    >
      {!may('administer') ? (
        <NoPermission />
      ) : shown !== undefined ? (
        <UseTemplate key={shown.id} template={shown} />
      ) : templates.isPending ? (
        <Panel flush>
          <Bones />
        </Panel>
      ) : templates.error === null ? (
        <Empty title={t('unknown')} />
      ) : (
        <Failure problem={asProblem(templates.error)} retry={() => void templates.refetch()} />
      )}
    </Page>
  )
}
