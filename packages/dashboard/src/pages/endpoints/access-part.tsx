import { useTranslations } from 'use-intl'
import type { Endpoint } from '../../api/shapes.ts'
import { CheckField, SelectField, TextArea, TextField } from '../../parts/field.tsx'
import { Grid, Mono, Muted, Panel, Stack } from '../../parts/layout.tsx'
import { Instant } from '../../parts/time.tsx'
import { type AccessDraft, wrongAccess } from './draft-access.ts'
import type { FormState } from './form-state.ts'

type Text = Exclude<keyof AccessDraft, 'auth' | 'clientAuth' | 'dropCert' | 'dropCa'>

const inTls: readonly Text[] = ['cert', 'key', 'ca']

function useAccessField({ draft, set, errors, judged }: FormState) {
  const t = useTranslations('access')
  const wrong = judged ? wrongAccess(draft.access) : {}
  return (name: Text) => {
    const own = wrong[name]
    return {
      label: t(name),
      value: draft.access[name],
      error:
        own === undefined
          ? errors[`${inTls.includes(name) ? 'tls' : 'auth'}.${name}`]
          : t(`${own}Wrong`),
      onChange: ({ target }: { target: { value: string } }) =>
        set((before) => ({ ...before, access: { ...before.access, [name]: target.value } })),
    }
  }
}

/** How requests say who sends them, and with which certificates. */
export function AccessPart({ endpoint, ...form }: FormState & { endpoint?: Endpoint }) {
  const t = useTranslations('access')
  const { draft, set, errors } = form
  const { access, destination } = draft
  const put = (part: Partial<AccessDraft>): void =>
    set((before) => ({ ...before, access: { ...before.access, ...part } }))
  const isHttp = destination.kind === 'http'
  return (
    <Panel title={t('title')}>
      <Stack>
        {isHttp && (
          <SelectField
            label={t('auth')}
            help={t('authHelp')}
            value={access.auth}
            error={errors['auth']}
            onPick={(auth) => put({ auth })}
            options={[
              ...(endpoint?.auth
                ? [{ value: 'keep' as const, label: t('keep', { what: t(endpoint.auth.type) }) }]
                : []),
              ...(['none', 'bearer', 'basic', 'oauth2'] as const).map((value) => ({
                value,
                label: t(value),
              })),
            ]}
          />
        )}
        {isHttp && <Credentials {...form} put={put} />}
        <Certificates {...form} put={put} {...(endpoint && { endpoint })} />
      </Stack>
    </Panel>
  )
}

interface Putting extends FormState {
  put: (part: Partial<AccessDraft>) => void
}

const hidden = { type: 'password', autoComplete: 'new-password' }

function Credentials({ put, ...form }: Putting) {
  const t = useTranslations('access')
  const field = useAccessField(form)
  const { access } = form.draft
  if (access.auth === 'bearer') return <TextField mono {...hidden} {...field('token')} />
  if (access.auth === 'basic')
    return (
      <Grid>
        <TextField mono {...field('username')} />
        <TextField mono {...hidden} {...field('password')} />
      </Grid>
    )
  if (access.auth !== 'oauth2') return null
  return (
    <Grid>
      <TextField
        mono
        type="url"
        placeholder="https://login.example.com/oauth/token"
        {...field('tokenUrl')}
      />
      <TextField mono {...field('clientId')} />
      <TextField mono {...hidden} {...field('clientSecret')} />
      <SelectField
        label={t('clientAuth')}
        value={access.clientAuth}
        onPick={(clientAuth) => put({ clientAuth })}
        options={(['basic', 'post'] as const).map((value) => ({
          value,
          label: t(`client${value}`),
        }))}
      />
      <TextField mono optional placeholder="events.write" {...field('scopes')} />
      <TextArea
        mono
        optional
        rows={2}
        placeholder="audience=crm"
        help={t('extraParamsHelp')}
        {...field('extraParams')}
      />
    </Grid>
  )
}

function Certificates({ put, endpoint, ...form }: Putting & { endpoint?: Endpoint }) {
  const t = useTranslations('access')
  const field = useAccessField(form)
  const { access } = form.draft
  const { cert = null, ca = null } = endpoint?.tls ?? {}
  const pem = { mono: true, optional: true, rows: 3, placeholder: '-----BEGIN CERTIFICATE-----' }
  return (
    <>
      <Muted>{t('tlsHelp')}</Muted>
      {cert !== null && <Known what={t('shown')} certificate={cert} />}
      {cert !== null && (
        <CheckField
          label={t('dropCert')}
          checked={access.dropCert}
          onChange={({ target }) => put({ dropCert: target.checked })}
        />
      )}
      {(ca ?? []).map((one) => (
        <Known key={one.fingerprint256} what={t('trusted')} certificate={one} />
      ))}
      {ca !== null && (
        <CheckField
          label={t('dropCa')}
          checked={access.dropCa}
          onChange={({ target }) => put({ dropCa: target.checked })}
        />
      )}
      <Grid>
        <TextArea {...pem} {...field('cert')} />
        <TextArea {...pem} {...field('key')} placeholder="-----BEGIN PRIVATE KEY-----" />
        <TextArea {...pem} {...field('ca')} />
      </Grid>
    </>
  )
}

function Known({
  what,
  certificate: { subject, expiresAt },
}: {
  what: string
  certificate: { subject: string; expiresAt: string }
}) {
  const t = useTranslations('access')
  return (
    <span>
      {what} <Mono>{subject}</Mono>{' '}
      <Muted>
        {t('until')} <Instant at={expiresAt} />
      </Muted>
    </span>
  )
}
