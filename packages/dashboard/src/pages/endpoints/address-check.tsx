import { useMutation, useQuery } from '@tanstack/react-query'
import { CircleCheck, CircleX, LoaderCircle } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { AddressTrial } from '../../api/shapes.ts'
import { Button } from '../../parts/button.tsx'
import { Stack } from '../../parts/layout.tsx'
import { useDuration } from '../../parts/time.tsx'
import { useSay } from '../../parts/toast.tsx'
import { useSettled } from '../../parts/use-settled.ts'
import { useMay } from '../../session/session.ts'
import { useFieldWords } from '../../words/problem-words.ts'
import { useCauseWords } from '../failed/cause-words.ts'
import styles from './endpoint-form.module.css'

async function tried(app: string, url: string, send: 'none' | 'connect' | 'event') {
  return await ask(
    api.POST('/api/v1/app/{app_id}/try/address', {
      params: { path: { app_id: app } },
      body: { url, send },
    }),
  )
}

/** What is known of an address while it is typed: the guard, its name, the connection; asked for, a real test event. */
export function AddressCheck({ appId, url }: { appId: string; url: string }) {
  const t = useTranslations('endpointForm')
  const may = useMay()
  const say = useSay()
  const typed = useSettled(url.trim(), 600)
  const whole = /^https?:\/\/[^/\s]{3,}/i.test(typed)
  const look = may('operate') ? 'connect' : 'none'
  const trial = useQuery({
    queryKey: ['try-address', appId, typed, look],
    enabled: whole && appId !== '',
    staleTime: 30_000,
    retry: false,
    queryFn: async () => await tried(appId, typed, look),
  })
  const event = useMutation({
    mutationFn: async (to: string) => ({ to, found: await tried(appId, to, 'event') }),
    onError: say.failed,
  })
  if (!whole || appId === '') return null
  if (trial.isPending)
    return (
      <ul className={styles.checks} aria-live="polite">
        <li>
          <LoaderCircle size={14} aria-hidden /> {t('trying')}
        </li>
      </ul>
    )
  // A check that could not be made says nothing of the address: it is judged when it is saved.
  if (trial.data === undefined) return null
  const sent = event.data?.to === typed ? event.data.found : undefined
  return (
    <Stack tight>
      <Found found={sent ?? trial.data} />
      {may('operate') && trial.data.guard.allowed && (
        <div>
          <Button small busy={event.isPending} onClick={() => event.mutate(typed)}>
            {t('sendReal')}
          </Button>
        </div>
      )}
    </Stack>
  )
}

function Found({ found: { guard, dns, connection, answer } }: { found: AddressTrial }) {
  const t = useTranslations('endpointForm')
  const fields = useFieldWords()
  const causes = useCauseWords()
  const duration = useDuration()
  const cause = ({ reason }: { reason: string | null }) =>
    causes({ outcome: 'unreachable', statusCode: null, reason })
  return (
    <ul className={styles.checks} aria-live="polite">
      <Check ok={guard.allowed}>
        {guard.allowed
          ? t('guardOk')
          : t('guardBad', {
              detail: fields({
                message: guard.detail ?? '',
                code: `address_${guard.reason}`,
                values: undefined,
              }),
            })}
      </Check>
      {dns !== null && (
        <Check ok={dns.ok}>
          {dns.ok ? t('dnsOk', { addresses: dns.addresses.join(', ') }) : t('dnsBad')}
        </Check>
      )}
      {connection !== null && (
        <Check ok={connection.ok}>
          {connection.ok
            ? connection.secure
              ? t('tlsOk')
              : t('connectOk')
            : t('connectBad', { problem: cause(connection) })}
        </Check>
      )}
      {answer !== null && (
        <Check ok={answer.delivered}>
          {answer.statusCode === null
            ? t('answerBad', { problem: cause(answer) })
            : t('answerOk', {
                code: String(answer.statusCode),
                duration: duration(answer.durationMs),
              })}
        </Check>
      )}
    </ul>
  )
}

function Check({ ok, children }: { ok: boolean; children: ReactNode }) {
  const Icon = ok ? CircleCheck : CircleX
  return (
    <li>
      <Icon size={14} className={ok ? styles.good : styles.bad} aria-hidden />
      <span>{children}</span>
    </li>
  )
}
