import { useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useTranslations } from 'use-intl'
import { basePath } from '../api/base-path.ts'
import { Mark } from '../parts/mark.tsx'
import { useLanguage } from '../words/language.ts'
import { languageNames, languages } from '../words/languages.ts'
import { sessionQuery } from './session.ts'
import { SignInForm } from './sign-in-form.tsx'
import styles from './sign-in.module.css'

const route = getRouteApi('/signin')

export function SignInPage() {
  const t = useTranslations('signIn')
  const { to } = route.useSearch()
  const router = useRouter()
  const queries = useQueryClient()
  const { language, choose } = useLanguage()
  useEffect(() => {
    document.title = `${t('title')} · Pombo`
  }, [t])
  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <h1 className={styles.mark}>
          <Mark size={36} /> Pombo
        </h1>
        <p>{t('lead')}</p>
        <SignInForm
          onDone={(session) => {
            queries.setQueryData(sessionQuery.queryKey, session)
            router.history.push(basePath + (to ?? '/'))
          }}
        />
        <div className={styles.foot}>
          {languages.map((one) => (
            <button
              key={one}
              type="button"
              lang={one}
              aria-pressed={one === language}
              onClick={() => choose(one)}
            >
              {languageNames[one]}
            </button>
          ))}
        </div>
      </div>
    </main>
  )
}
