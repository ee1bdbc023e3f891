import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { SourceShown } from '../../api/shapes.ts'
import { SelectField } from '../../parts/field.tsx'
import { useFieldErrors } from '../../parts/form.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { useSay } from '../../parts/toast.tsx'
import { SettingFields } from '../connections/setting-fields.tsx'
import {
  type BrokerDraft,
  brokerDraftOf,
  brokerFields,
  brokerInput,
  brokerKinds,
  type BrokerType,
  noBroker,
  wrongBroker,
} from './brokers.ts'

/** What feeds a source: requests alone, or a broker and what its kind asks for. */
export function BrokerPart({
  draft,
  set,
  errors,
  judged,
}: {
  draft: BrokerDraft
  set: (to: BrokerDraft) => void
  errors: Readonly<Record<string, string>>
  judged: boolean
}) {
  const t = useTranslations('sources')
  return (
    <>
      <SelectField
        label={t('fedBy')}
        value={draft.type}
        onPick={(type) => set({ ...noBroker, type })}
        options={[
          { value: 'none', label: t('fedByRequests') },
          ...(Object.keys(brokerKinds) as BrokerType[]).map((value) => ({
            value,
            label: brokerKinds[value].title,
          })),
        ]}
      />
      {draft.type !== 'none' && (
        <SettingFields
          kind={brokerKinds[draft.type]}
          typed={draft}
          set={(typed) => set({ ...draft, ...typed })}
          member="broker"
          {...{ judged, errors }}
        />
      )}
    </>
  )
}

/** Changes what feeds a source that is there. */
export function BrokerDialog({
  appId,
  source,
  onClose,
}: {
  appId: string
  source: Pick<SourceShown, 'id' | 'broker'>
  onClose: () => void
}) {
  const t = useTranslations('sources')
  const common = useTranslations('common')
  const say = useSay()
  const queries = useQueryClient()
  const [draft, set] = useState(() => brokerDraftOf(source.broker))
  const [judged, setJudged] = useState(false)
  const save = useMutation({
    mutationFn: async () =>
      await ask(
        api.PATCH('/api/v1/app/{app_id}/source/{source_id}', {
          params: { path: { app_id: appId, source_id: source.id } },
          body: { broker: brokerInput(draft) },
        }),
      ),
    onSuccess: async () => {
      say.done(t('brokerSaved'))
      await queries.invalidateQueries({ queryKey: ['source', appId, source.id] })
      onClose()
    },
  })
  const { errors, rest } = useFieldErrors(save.error, brokerFields)
  return (
    <FormDialog
      wide
      title={t('broker')}
      action={common('save')}
      busy={save.isPending}
      onClose={onClose}
      onSend={() => {
        setJudged(true)
        if (Object.keys(wrongBroker(draft)).length === 0) save.mutate()
      }}
    >
      {rest}
      <BrokerPart {...{ draft, set, errors, judged }} />
    </FormDialog>
  )
}
