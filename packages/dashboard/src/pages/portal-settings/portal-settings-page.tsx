import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { basePath } from '../../api/base-path.ts'
import { api, ask } from '../../api/client.ts'
import type { PortalSettings } from '../../api/shapes.ts'
import { Button } from '../../parts/button.tsx'
import { Code } from '../../parts/code.tsx'
import { CheckField, SelectField, TextArea, TextField } from '../../parts/field.tsx'
import { Form, orNull, useFields } from '../../parts/form.tsx'
import { Columns, Page, Panel, Row, Stack } from '../../parts/layout.tsx'
import { Awaiting } from '../../parts/states.tsx'
import { useSay } from '../../parts/toast.tsx'
import { useMay } from '../../session/session.ts'
import { languageNames } from '../../words/languages.ts'
import { listOf } from '../../parts/list-of.ts'

const portalPages = ['live', 'messages', 'failed', 'endpoints', 'eventTypes'] as const

const server = `POST /api/v1/auth/app-portal-access/{app}   →   { "url": "…/portal#token=…" }`
const script = (origin: string): string => `<script src="${origin}/portal.js" defer></script>
<pombo-portal from="/webhooks-portal" height="100vh"></pombo-portal>`
const react = `import { PomboPortal } from '@pombo/portal'

<PomboPortal getUrl={async () => (await askYourServer()).url} height="100vh" />`

export function PortalSettingsPage() {
  const t = useTranslations('portalSettings')
  const settings = useQuery({
    queryKey: ['portal-settings'],
    queryFn: async () => await ask(api.GET('/api/v1/portal/settings', {})),
  })
  return (
    <Page title={t('title')} lead={t('lead')}>
      {settings.data === undefined ? (
        <Awaiting of={settings} />
      ) : (
        <Columns>
          <SettingsForm settings={settings.data} />
          <Panel title={t('embed')}>
            <Stack>
              <p>{t('embedHow')}</p>
              <Code label={t('embed')} text={server} />
              <p>{t('embedScript')}</p>
              <Code label={t('embedScript')} text={script(window.location.origin + basePath)} />
              <p>{t('embedReact')}</p>
              <Code label={t('embedReact')} text={react} />
            </Stack>
          </Panel>
        </Columns>
      )}
    </Page>
  )
}

const colour = /^#[0-9a-f]{6}$/i

function SettingsForm({ settings }: { settings: PortalSettings }) {
  const t = useTranslations('portalSettings')
  const common = useTranslations('common')
  const say = useSay()
  const may = useMay()
  const queries = useQueryClient()
  const [draft, set] = useState({
    name: settings.name ?? '',
    logoUrl: settings.logoUrl ?? '',
    theme: settings.theme,
    language: settings.language ?? ('' as const),
    accent: settings.colors.accent ?? '',
    accentText: settings.colors.accentText ?? '',
    pages: settings.pages,
    allowedOrigins: settings.allowedOrigins.join('\n'),
  })
  const save = useMutation({
    mutationFn: async () =>
      await ask(
        api.PUT('/api/v1/portal/settings', {
          body: {
            name: orNull(draft.name),
            logoUrl: orNull(draft.logoUrl),
            theme: draft.theme,
            language: draft.language === '' ? null : draft.language,
            colors: { accent: orNull(draft.accent), accentText: orNull(draft.accentText) },
            pages: draft.pages,
            allowedOrigins: listOf(draft.allowedOrigins),
          },
        }),
      ),
    onSuccess: async () => {
      say.done(t('saved'))
      await queries.invalidateQueries({ queryKey: ['portal-settings'] })
    },
  })
  const { text, pick, errors, rest } = useFields(draft, set, save.error, ['colors'])
  const wrong = (text: string): string | undefined =>
    text.trim() === '' || colour.test(text.trim()) ? undefined : t('colourWrong')
  return (
    <Panel title={t('look')}>
      <Form onSend={() => save.mutate()}>
        <Stack>
          {rest}
          <TextField label={t('name')} help={t('nameHelp')} optional {...text('name')} />
          <TextField
            label={t('logo')}
            optional
            type="url"
            placeholder="https://"
            {...text('logoUrl')}
          />
          <SelectField
            label={t('theme')}
            {...pick('theme')}
            options={(['auto', 'light', 'dark'] as const).map((value) => ({
              value,
              label: t(`theme${value}`),
            }))}
          />
          <SelectField
            label={t('language')}
            {...pick('language')}
            options={[
              { value: '', label: t('languageBrowser') },
              { value: 'en', label: languageNames.en },
              { value: 'pt-BR', label: languageNames['pt-BR'] },
            ]}
          />
          <TextField
            label={t('accent')}
            optional
            placeholder="#0f766e"
            {...text('accent')}
            error={wrong(draft.accent) ?? errors['colors']}
          />
          <TextField
            label={t('accentText')}
            optional
            placeholder="#ffffff"
            {...text('accentText')}
            error={wrong(draft.accentText)}
          />
          <fieldset>
            <legend>{t('pages')}</legend>
            {portalPages.map((page) => (
              <CheckField
                key={page}
                label={t(`page${page}`)}
                checked={draft.pages.includes(page)}
                onChange={({ target }) => {
                  const pages = portalPages.filter((one) =>
                    one === page ? target.checked : draft.pages.includes(one),
                  )
                  set((before) => ({ ...before, pages }))
                }}
              />
            ))}
            {errors['pages']}
          </fieldset>
          <TextArea
            label={t('origins')}
            help={t('originsHelp')}
            optional
            mono
            {...text('allowedOrigins')}
          />
          {may('administer') && (
            <Row>
              <Button kind="primary" type="submit" busy={save.isPending}>
                {common('save')}
              </Button>
            </Row>
          )}
        </Stack>
      </Form>
    </Panel>
  )
}
