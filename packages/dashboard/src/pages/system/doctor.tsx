import { useQuery } from '@tanstack/react-query'
import { Stethoscope } from 'lucide-react'
import type { ReactNode } from 'react'
import { useFormatter, useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { Finding } from '../../api/shapes.ts'
import { Badge, type Tone } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Foreign, Muted, Panel, Stack } from '../../parts/layout.tsx'
import { Notice, Awaiting } from '../../parts/states.tsx'
import { type Column, Table } from '../../parts/table.tsx'
import { filled } from '../../words/filled.ts'
import { useLanguage } from '../../words/language.ts'
import type { Language } from '../../words/languages.ts'
import { useReasonWords } from '../../words/problem-words.ts'

const tones: Record<Finding['level'], Tone> = { ok: 'good', warn: 'warn', fail: 'bad' }
const worst: Record<Finding['level'], number> = { fail: 0, warn: 1, ok: 2 }

type Said = Readonly<Record<string, { detail: string; mend?: string }>>

/** What the findings say, where the server does not say it in the language itself. */
const sentences: Record<Language, () => Promise<Said>> = {
  en: () => Promise.resolve({}),
  'pt-BR': async () => (await import('../../words/pt/findings.ts')).findings,
}

/** What `pombo doctor` finds, the worst first. It takes some seconds, so the rest of the page does not wait for it. */
export function Doctor() {
  const t = useTranslations('system')
  const checkName = (name: string): string =>
    t.has(`checks.${name}` as 'checks.clock') ? t(`checks.${name}` as 'checks.clock') : name
  const doctor = useQuery({
    queryKey: ['doctor'],
    queryFn: async () => (await ask(api.GET('/api/v1/system/doctor'))).data,
    staleTime: 60_000,
  })
  const { language } = useLanguage()
  const { data: said = {} } = useQuery({
    queryKey: ['findings', language],
    queryFn: sentences[language],
    staleTime: Infinity,
  })
  const reasonWords = useReasonWords()
  const format = useFormatter()
  const states = useTranslations('sources.reading')
  const shown = ({ values, because }: Finding): Finding['values'] => {
    const { since, state, reason } = values
    const message = String(reason)
    return {
      ...values,
      ...(since !== undefined && {
        since: format.dateTime(new Date(since), { dateStyle: 'medium', timeStyle: 'short' }),
      }),
      ...(state !== undefined &&
        states.has(state as 'failing') && { state: states(state as 'failing') }),
      ...(because !== null && { reason: reasonWords({ message, ...because }) ?? message }),
    }
  }
  const sentence = (one: Finding, part: 'detail' | 'mend'): ReactNode => {
    const words = one.code === null ? undefined : said[one.code]?.[part]
    return words === undefined ? <Foreign>{one[part]}</Foreign> : filled(words, shown(one))
  }
  const columns: Column<Finding>[] = [
    {
      id: 'level',
      head: t('state'),
      is: 'nowrap',
      cell: ({ level }) => <Badge tone={tones[level]}>{t(level)}</Badge>,
    },
    {
      id: 'what',
      head: t('check'),
      cell: (one) => (
        <Stack tight>
          <span>
            <strong>{checkName(one.name)}</strong>: {sentence(one, 'detail')}
          </span>
          {one.mend !== null && <Muted>{sentence(one, 'mend')}</Muted>}
        </Stack>
      ),
    },
  ]
  const found = doctor.data?.toSorted((a, b) => worst[a.level] - worst[b.level])
  const asking = found?.filter(({ level }) => level !== 'ok').length ?? 0
  return (
    <Panel
      title={t('doctor')}
      flush
      actions={
        <Button icon={Stethoscope} busy={doctor.isFetching} onClick={() => void doctor.refetch()}>
          {t('doctorAgain')}
        </Button>
      }
    >
      {found === undefined ? (
        <Awaiting of={doctor} rows={4} />
      ) : (
        <>
          <Notice tone={asking === 0 ? 'good' : 'warn'}>
            {asking === 0
              ? t('allWell', { count: String(found.length) })
              : t('notWell', { count: asking })}
          </Notice>
          <Table label={t('doctor')} columns={columns} rows={found} rowKey={({ name }) => name} />
        </>
      )}
    </Panel>
  )
}
