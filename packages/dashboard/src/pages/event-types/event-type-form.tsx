import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { EventType } from '../../api/shapes.ts'
import { CodeField } from '../../parts/code-editor.tsx'
import { SelectField, TextField } from '../../parts/field.tsx'
import { orNull, useFields } from '../../parts/form.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { useSay } from '../../parts/toast.tsx'
import { useJsonProblem } from '../../words/json-problem.ts'

/** A schema is kept by its version; the latest is the one that is shown and edited. */
function latestOf(eventType: EventType | undefined): readonly [version: string, schema: unknown] {
  const schemas = Object.entries(eventType?.schemas ?? {})
  const latest = schemas.toSorted(([one], [other]) => Number(other) - Number(one))[0]
  return latest ?? ['1', undefined]
}

export function schemaOf(eventType: EventType | undefined): string {
  const [, schema] = latestOf(eventType)
  return schema === undefined ? '' : JSON.stringify(schema, null, 2)
}

/** The latest in the place of what it was; versions before it stay as they are. */
function schemasWith(eventType: EventType | undefined, typed: string) {
  const [version] = latestOf(eventType)
  const { [version]: _, ...others } = eventType?.schemas ?? {}
  const schemas =
    typed.trim() === '' ? others : { ...others, [version]: JSON.parse(typed) as unknown }
  const kept = schemas as Record<string, Record<string, unknown>>
  return Object.keys(kept).length === 0 ? null : kept
}

export function EventTypeForm({
  eventType,
  onClose,
}: {
  eventType?: EventType
  onClose: () => void
}) {
  const t = useTranslations('eventTypes')
  const common = useTranslations('common')
  const jsonProblem = useJsonProblem()
  const say = useSay()
  const queries = useQueryClient()
  const [typed, set] = useState({
    name: eventType?.name ?? '',
    description: eventType?.description ?? '',
    groupName: eventType?.groupName ?? '',
    featureFlag: eventType?.featureFlag ?? '',
    payloadCheck: eventType?.payloadCheck ?? 'off',
  })
  const [schema, setSchema] = useState(() => schemaOf(eventType))
  const [wrong, setWrong] = useState<string>()
  const save = useMutation({
    mutationFn: async () => {
      const { name, ...others } = typed
      const body = {
        ...others,
        description: typed.description.trim(),
        groupName: orNull(typed.groupName),
        featureFlag: orNull(typed.featureFlag),
        schemas: schemasWith(eventType, schema),
      }
      if (eventType === undefined)
        return await ask(api.POST('/api/v1/event-type', { body: { ...body, name: name.trim() } }))
      const path = { event_type_name: eventType.name }
      return await ask(
        api.PATCH('/api/v1/event-type/{event_type_name}', { params: { path }, body }),
      )
    },
    onSuccess: async () => {
      say.done(t('saved'))
      await queries.invalidateQueries({ queryKey: ['event-types'] })
      onClose()
    },
  })
  const { text, pick, errors, rest } = useFields(typed, set, save.error, ['schemas'])
  const send = (): void => {
    const unreadable = schema.trim() === '' ? undefined : jsonProblem(schema)
    setWrong(unreadable)
    if (unreadable === undefined) save.mutate()
  }
  return (
    <FormDialog
      wide
      title={eventType === undefined ? t('new') : t('edit')}
      action={eventType === undefined ? common('create') : common('save')}
      busy={save.isPending}
      onClose={onClose}
      onSend={send}
    >
      {rest}
      <TextField
        label={t('name')}
        help={t('nameHelp')}
        mono
        disabled={eventType !== undefined}
        {...text('name')}
      />
      <TextField label={t('description')} {...text('description')} />
      <TextField label={t('group')} optional {...text('groupName')} />
      <TextField label={t('flag')} help={t('flagHelp')} optional {...text('featureFlag')} />
      <SelectField
        label={t('check')}
        {...pick('payloadCheck')}
        options={[
          { value: 'off', label: t('checkOff') },
          { value: 'report', label: t('checkReport') },
          { value: 'refuse', label: t('checkRefuse') },
        ]}
      />
      <CodeField
        label={t('schema')}
        help={t('schemaHelp')}
        optional
        language="json"
        rows={10}
        value={schema}
        error={wrong ?? errors['schemas']}
        onChange={setSchema}
      />
    </FormDialog>
  )
}
