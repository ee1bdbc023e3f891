import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { asProblem } from '../../api/problem.ts'
import { Badge } from '../../parts/badge.tsx'
import { Page, Panel } from '../../parts/layout.tsx'
import { Bones, Failure } from '../../parts/states.tsx'
import { templatesQuery, useTemplateWords } from './queries.ts'
import styles from './templates.module.css'

export function TemplatesPage() {
  const t = useTranslations('templates')
  const say = useTemplateWords()
  const templates = useQuery(templatesQuery)
  return (
    <Page title={t('title')} lead={t('lead')}>
      {templates.data === undefined ? (
        templates.error === null ? (
          <Panel flush>
            <Bones />
          </Panel>
        ) : (
          <Failure problem={asProblem(templates.error)} retry={() => void templates.refetch()} />
        )
      ) : (
        <ul className={styles.cards}>
          {templates.data.map(({ id, name, kind, about }) => (
            <li key={id} className={styles.card}>
              <header>
                <h2>
                  <Link to="/templates/$templateId" params={{ templateId: id }}>
                    {name}
                  </Link>
                </h2>
                <Badge plain>{t(`kind${kind}`)}</Badge>
              </header>
              <p>{say(about)}</p>
            </li>
          ))}
        </ul>
      )}
    </Page>
  )
}
