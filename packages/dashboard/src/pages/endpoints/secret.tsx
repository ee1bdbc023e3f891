import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Eye, EyeOff, RefreshCw } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { asProblem } from '../../api/problem.ts'
import { Button } from '../../parts/button.tsx'
import { Id } from '../../parts/code.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { SelectField } from '../../parts/field.tsx'
import { Muted, Row, Stack } from '../../parts/layout.tsx'
import { Failure } from '../../parts/states.tsx'
import { useSay } from '../../parts/toast.tsx'
import { type Signed, Verify } from './verify.tsx'

interface Of {
  /** What tells the endpoint apart from all others. */
  of: readonly string[]
  read: () => Promise<string>
  rotate: (body: { gracePeriodSeconds: number }) => Promise<unknown>
  signed: Signed
}

const keyOf = (of: readonly string[]) => ['endpoint-secret', ...of]

/** What receivers verify with: shown when asked for, and replaced with an overlap. */
export function Secret(given: Of) {
  const { of, read, signed } = given
  const t = useTranslations('endpoints.secrets')
  const [shown, setShown] = useState(false)
  const [rotating, setRotating] = useState(false)
  // Asked for when it is to be seen, and forgotten with the page.
  const secret = useQuery({
    queryKey: keyOf(of),
    enabled: shown,
    gcTime: 0,
    queryFn: read,
  })
  return (
    <>
      <Stack>
        <Muted>{t('how')}</Muted>
        {shown && secret.data !== undefined && <Id id={secret.data} />}
        {shown && secret.error !== null && <Failure problem={asProblem(secret.error)} />}
        <Row>
          <Button
            icon={shown ? EyeOff : Eye}
            busy={secret.isFetching}
            onClick={() => setShown(!shown)}
          >
            {shown ? t('hide') : t('show')}
          </Button>
          <Button icon={RefreshCw} onClick={() => setRotating(true)}>
            {t('rotate')}
          </Button>
        </Row>
        <Verify {...signed} publicKey={secret.data?.startsWith('whpk_') === true} />
      </Stack>
      {rotating && (
        <RotateDialog {...given} onClose={() => setRotating(false)} onDone={() => setShown(true)} />
      )}
    </>
  )
}

const graces = {
  '0': 'grace0',
  '3600': 'grace1h',
  '86400': 'grace24h',
  '604800': 'grace7d',
} as const

function RotateDialog({
  of,
  rotate: put,
  onClose,
  onDone,
}: Of & { onClose: () => void; onDone: () => void }) {
  const t = useTranslations('endpoints.secrets')
  const say = useSay()
  const queries = useQueryClient()
  const [grace, setGrace] = useState<keyof typeof graces>('86400')
  const rotate = useMutation({
    mutationFn: async () => await put({ gracePeriodSeconds: Number(grace) }),
    onSuccess: async () => {
      say.done(t('rotated'))
      await queries.invalidateQueries({ queryKey: keyOf(of) })
      onDone()
      onClose()
    },
    onError: say.failed,
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('rotate')}
      buttons={
        <Button kind="primary" busy={rotate.isPending} onClick={() => rotate.mutate()}>
          {t('rotate')}
        </Button>
      }
    >
      <p>{t('rotateHow')}</p>
      <SelectField
        label={t('grace')}
        value={grace}
        onPick={setGrace}
        options={(Object.keys(graces) as (keyof typeof graces)[]).map((value) => ({
          value,
          label: t(graces[value]),
        }))}
      />
    </Dialog>
  )
}
