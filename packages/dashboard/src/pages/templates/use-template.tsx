import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { Template } from '../../api/shapes.ts'
import { Button, buttonClass } from '../../parts/button.tsx'
import { Code } from '../../parts/code.tsx'
import { TextField } from '../../parts/field.tsx'
import { Form, useFieldErrors } from '../../parts/form.tsx'
import { Columns, Panel, Row, Stack } from '../../parts/layout.tsx'
import { listOf } from '../../parts/list-of.ts'
import { AppChoice, useAppChoice } from '../../shell/app-choice.tsx'
import { useMakeEndpoint } from '../endpoints/make-endpoint.ts'
import { useTemplateWords } from './queries.ts'
import { TemplatePreview } from './template-preview.tsx'
import { type Values, wrongValues } from './values.ts'

/** The few fields that a template asks for, and beside them what would be sent. */
export function UseTemplate({ template }: { template: Template }) {
  const t = useTranslations('templates')
  const say = useTemplateWords()
  const app = useAppChoice()
  const { appId } = app
  const [values, setValues] = useState<Values>({})
  const [types, setTypes] = useState('')
  const [judged, setJudged] = useState(false)
  const { id, fields, setUp, docs } = template
  const typed = Object.values(values).some((value) => value !== '') || types !== ''
  const create = useMakeEndpoint(appId, typed, async () => {
    const eventTypes = listOf(types)
    return await ask(
      api.POST('/api/v1/app/{app_id}/template/{template_id}/endpoint', {
        params: { path: { app_id: appId, template_id: id } },
        body: { values, ...(eventTypes.length > 0 && { eventTypes }) },
      }),
    )
  })
  const { errors, rest } = useFieldErrors(create.error, [
    ...fields.map(({ name }) => `values.${name}`),
    'destination.url',
    'destination.table',
    'url',
    'eventTypes',
  ])
  const wrong = judged ? wrongValues(fields, values) : {}
  const errorOf = (name: string, example: string): string | undefined => {
    const own = wrong[name]
    if (own === undefined)
      return errors[`values.${name}`] ?? errors[`destination.${name}`] ?? errors[name]
    return own === 'missing' ? t('needed') : t(`${own}Wrong`, { example })
  }
  const submit = (): void => {
    setJudged(true)
    if (Object.keys(wrongValues(fields, values)).length === 0 && appId !== '') create.mutate()
  }
  return (
    <Columns>
      <Panel title={t('fields')}>
        <Form onSend={submit}>
          <Stack>
            {setUp !== null && (
              <Stack tight>
                <p>{t('setUp')}</p>
                <Code label={t('setUp')} text={setUp} />
              </Stack>
            )}
            <AppChoice of={app} judged={judged} />
            {fields.map(({ name, label, help, kind: of, example, optional }) => (
              <TextField
                key={name}
                label={say(label)}
                help={help === null ? undefined : say(help)}
                optional={optional}
                mono
                type={of === 'secret' ? 'password' : of === 'url' ? 'url' : 'text'}
                {...(of === 'secret' && { autoComplete: 'new-password' })}
                placeholder={of === 'secret' ? '' : example}
                value={values[name] ?? ''}
                error={errorOf(name, example)}
                onChange={({ target }) => {
                  create.reset()
                  setValues((before) => ({ ...before, [name]: target.value }))
                }}
              />
            ))}
            <TextField
              label={t('types')}
              help={t('typesHelp')}
              optional
              mono
              placeholder="message.*, order.paid"
              value={types}
              error={errors['eventTypes']}
              onChange={({ target }) => setTypes(target.value)}
            />
            {rest}
            <Row>
              <Button kind="primary" type="submit" busy={create.isPending}>
                {t('create')}
              </Button>
              {docs !== null && (
                <a
                  href={docs}
                  target="_blank"
                  rel="noreferrer"
                  className={buttonClass({ kind: 'quiet' })}
                >
                  {t('docs', { name: template.name })}
                </a>
              )}
            </Row>
          </Stack>
        </Form>
      </Panel>
      <TemplatePreview template={template} appId={appId} values={values} />
    </Columns>
  )
}
