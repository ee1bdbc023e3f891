import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { SourceInput } from '../../api/shapes.ts'
import { Dialog } from '../../parts/dialog.tsx'
import { SelectField, TextField } from '../../parts/field.tsx'
import { useFields } from '../../parts/form.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { AppChoice, useAppChoice } from '../../shell/app-choice.tsx'
import { BrokerPart } from './broker-form.tsx'
import { brokerFields, brokerInput, noBroker, wrongBroker } from './brokers.ts'
import { gateways, gatewayTitles } from './gateways.ts'
import { Point } from './point.tsx'

/** Makes a source, and shows once the address that the gateway is given. */
export function NewSource({ onClose }: { onClose: () => void }) {
  const t = useTranslations('sources')
  const common = useTranslations('common')
  const queries = useQueryClient()
  const app = useAppChoice()
  const { appId } = app
  const [judged, setJudged] = useState(false)
  const [typed, set] = useState({
    gateway: 'evolution' as SourceInput['gateway'],
    name: '',
    secret: '',
    silenceMinutes: '',
  })
  const { gateway, name, secret, silenceMinutes } = typed
  const [broker, setBroker] = useState(noBroker)
  const navigate = useNavigate()
  const create = useMutation({
    mutationFn: async () =>
      await ask(
        api.POST('/api/v1/app/{app_id}/source', {
          params: { path: { app_id: appId } },
          body: {
            gateway,
            ...(name.trim() !== '' && { name: name.trim() }),
            ...(secret.trim() !== '' && { secret: secret.trim() }),
            ...(silenceMinutes.trim() !== '' && { silenceMinutes: Number(silenceMinutes) }),
            ...(broker.type !== 'none' && { broker: brokerInput(broker) }),
          },
        }),
      ),
    onSuccess: async ({ id, broker: read }) => {
      void queries.invalidateQueries({ queryKey: ['sources'] })
      // Nobody has to be pointed at it: what is to be seen is how it is read.
      if (read !== null)
        await navigate({ to: '/sources/$appId/$sourceId', params: { appId, sourceId: id } })
    },
  })
  const { text, pick, errors, rest } = useFields(typed, set, create.error, brokerFields)
  if (create.data?.broker === null)
    return (
      <Dialog open wide onClose={onClose} title={t('point')}>
        <Point gateway={gateway} url={create.data.url} ingestUrl={create.data.ingestUrl} />
      </Dialog>
    )
  return (
    <FormDialog
      wide={broker.type !== 'none'}
      title={t('new')}
      action={common('create')}
      busy={create.isPending}
      onClose={onClose}
      onSend={() => {
        setJudged(true)
        if (appId !== '' && Object.keys(wrongBroker(broker)).length === 0) create.mutate()
      }}
    >
      {rest}
      <AppChoice of={app} judged={judged} />
      <SelectField
        label={t('gateway')}
        {...pick('gateway')}
        options={gateways.map((value) => ({ value, label: gatewayTitles[value] }))}
      />
      <BrokerPart draft={broker} set={setBroker} errors={errors} judged={judged} />
      <TextField label={t('name')} optional {...text('name')} />
      <TextField
        label={t('secretLabel')}
        help={t('secretHelp')}
        optional
        mono
        {...text('secret')}
      />
      <TextField
        label={t('silence')}
        help={t('silenceHelp')}
        optional
        inputMode="numeric"
        {...text('silenceMinutes')}
      />
    </FormDialog>
  )
}
