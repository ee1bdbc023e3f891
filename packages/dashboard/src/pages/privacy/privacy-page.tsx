import { useMutation } from '@tanstack/react-query'
import { Download, Search, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { PersonErasure } from '../../api/shapes.ts'
import { Button } from '../../parts/button.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { CheckField, TextField } from '../../parts/field.tsx'
import { Form, useFieldErrors } from '../../parts/form.tsx'
import { Columns, Page, Panel, Row, Stack } from '../../parts/layout.tsx'
import { NoPermission, Notice } from '../../parts/states.tsx'
import { useMay } from '../../session/session.ts'
import { download, exportAll, exportPage, type Person } from './export.ts'
import { Found } from './found.tsx'
import { Report } from './report.tsx'

export function PrivacyPage() {
  const t = useTranslations('privacy')
  const may = useMay()
  const [typed, setTyped] = useState({ phone: '', email: '', userId: '' })
  const [scan, setScan] = useState(true)
  const [judged, setJudged] = useState(false)
  const [erasing, setErasing] = useState(false)
  const [report, setReport] = useState<PersonErasure>()
  const named = Object.entries(typed).filter(([, value]) => value.trim() !== '')
  const person: Person = {
    ...Object.fromEntries(named.map(([name, value]) => [name, value.trim()])),
    scan,
  }
  const find = useMutation({
    mutationFn: async () => await exportPage(person, undefined),
    onMutate: () => setReport(undefined),
  })
  const take = useMutation({
    mutationFn: async () => download(await exportAll(person), 'pombo-person.json'),
  })
  const { errors, rest } = useFieldErrors(find.error ?? take.error, Object.keys(typed))
  const field = (name: keyof typeof typed) => ({
    value: typed[name],
    error: errors[name],
    onChange: (event: { target: { value: string } }) => {
      find.reset()
      setTyped((before) => ({ ...before, [name]: event.target.value }))
    },
  })
  const found = find.data
  if (!may('administer'))
    return (
      <Page title={t('title')} lead={t('lead')}>
        <Panel>
          <NoPermission />
        </Panel>
      </Page>
    )
  return (
    <Page title={t('title')} lead={t('lead')}>
      <Columns>
        <Panel title={t('person')}>
          <Form
            onSend={() => {
              setJudged(true)
              if (named.length > 0) find.mutate()
            }}
          >
            <Stack>
              <p>{t('personHelp')}</p>
              {rest}
              {judged && named.length === 0 && <Notice tone="bad">{t('needOne')}</Notice>}
              <TextField label={t('phone')} type="tel" {...field('phone')} />
              <TextField label={t('email')} type="email" {...field('email')} />
              <TextField label={t('userId')} {...field('userId')} />
              <CheckField
                label={t('scan')}
                help={t('scanHelp')}
                checked={scan}
                onChange={(event) => {
                  find.reset()
                  setScan(event.target.checked)
                }}
              />
              <Row>
                <Button kind="primary" type="submit" icon={Search} busy={find.isPending}>
                  {t('find')}
                </Button>
              </Row>
              {found !== undefined && (
                <>
                  <Notice tone="info">
                    {found.done
                      ? t('found', { count: found.messages.length })
                      : t('foundMore', { count: String(found.messages.length) })}
                  </Notice>
                  {found.unreadable > 0 && (
                    <Notice tone="warn">{t('unreadable', { count: found.unreadable })}</Notice>
                  )}
                  <Row>
                    <Button icon={Download} busy={take.isPending} onClick={() => take.mutate()}>
                      {t('export')}
                    </Button>
                    <Button kind="danger" icon={Trash2} onClick={() => setErasing(true)}>
                      {t('erase')}
                    </Button>
                  </Row>
                </>
              )}
            </Stack>
          </Form>
        </Panel>
        {report === undefined
          ? found !== undefined && <Found found={found} />
          : found === undefined && <Report report={report} />}
      </Columns>
      {erasing && (
        <Confirm
          title={t('erase')}
          action={t('erase')}
          word={t('eraseWord')}
          wordLabel={t('eraseConfirm', { word: t('eraseWord') })}
          onClose={() => setErasing(false)}
          run={async () => {
            setReport(await ask(api.POST('/api/v1/privacy/erase', { body: person })))
            find.reset()
            return undefined
          }}
        >
          {t('eraseHow')}
        </Confirm>
      )}
    </Page>
  )
}
