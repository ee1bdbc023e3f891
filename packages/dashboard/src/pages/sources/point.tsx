import { useTranslations } from 'use-intl'
import { Code } from '../../parts/code.tsx'
import { Muted, Stack } from '../../parts/layout.tsx'
import { Notice } from '../../parts/states.tsx'
import { pointing, TOKEN } from './pointing.ts'

/** How a gateway is pointed at Pombo, with the address filled in. */
export function Point({
  gateway,
  url,
  ingestUrl,
  tokenHint,
}: {
  gateway: string
  url: string
  /** With the token, while that can be shown. */
  ingestUrl: string | undefined
  tokenHint?: string | null
}) {
  const t = useTranslations('sources')
  const { where, code } = pointing(gateway, ingestUrl ?? `${url}?token=${TOKEN}`)
  return (
    <Stack tight>
      {ingestUrl !== undefined && <Notice tone="good">{t('tokenOnce')}</Notice>}
      <p>{t(`where.${where}`)}</p>
      <Code label={t('address')} text={code} />
      {ingestUrl === undefined && tokenHint != null && (
        <Muted>{t('tokenHidden', { hint: tokenHint, token: TOKEN })}</Muted>
      )}
    </Stack>
  )
}
