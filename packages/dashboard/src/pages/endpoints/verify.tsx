import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import type { Endpoint } from '../../api/shapes.ts'
import { Code } from '../../parts/code.tsx'
import { SelectField } from '../../parts/field.tsx'
import { Muted } from '../../parts/layout.tsx'

/** How the requests are signed that a receiver verifies. */
export type Signed = Pick<Endpoint, 'dialect' | 'signatureHeaders'>

/** A receiver's check of what is signed by Standard Webhooks, in the language of whoever writes it. */
export function Verify({
  dialect,
  signatureHeaders,
  publicKey,
}: Signed & {
  /** The secret is a key pair, of which the receiver has this half. */
  publicKey: boolean
}) {
  const t = useTranslations('endpoints.secrets')
  const [picked, setPicked] = useState('Node.js')
  const standard = dialect === 'standard' && !publicKey
  const { data } = useQuery({
    queryKey: ['verify-samples'],
    enabled: standard,
    staleTime: Infinity,
    queryFn: async () => (await import('./verify-guide.ts')).samples,
  })
  if (publicKey) return <Muted>{t('verifyPublic')}</Muted>
  if (!standard) return <Muted>{t('verifyOwn', { dialect })}</Muted>
  const sample = data?.find(({ language }) => language === picked)
  if (data === undefined || sample === undefined) return null
  const start = signatureHeaders === 'svix' ? 'svix' : 'webhook'
  return (
    <>
      <SelectField
        label={t('verify')}
        help={t('verifyHow', { headers: `${start}-id, ${start}-timestamp, ${start}-signature` })}
        value={picked}
        onPick={setPicked}
        options={data.map(({ language }) => ({ value: language, label: language }))}
      />
      <Code label={t('verify')} text={sample.code.replaceAll("['webhook-", `['${start}-`)} />
    </>
  )
}
