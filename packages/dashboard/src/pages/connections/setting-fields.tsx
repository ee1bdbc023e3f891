import { useTranslations } from 'use-intl'
import { CheckField, SelectField, TextArea, TextField } from '../../parts/field.tsx'
import { Grid, Muted, Stack } from '../../parts/layout.tsx'
import { Notice } from '../../parts/states.tsx'
import {
  type ConnectionKind,
  type SettingField,
  type TypedSettings,
  type WrongSetting,
  wrongSettings,
} from './settings.ts'

interface Fields {
  kind: ConnectionKind
  typed: TypedSettings
  set: (to: TypedSettings) => void
  /** Whether what is wrong is said already. */
  judged: boolean
  /** What Pombo said of the settings, after it had connected or tried to, under the member that they stand at. */
  errors: Readonly<Record<string, string>>
  member: 'broker' | 'destination'
}

/** The address of a broker or a database, and what its kind asks for besides. */
export function SettingFields({ kind, typed, set, judged, errors, member }: Fields) {
  const t = useTranslations('destinations')
  const own = useTranslations()
  const { values } = typed
  const wrong: Readonly<Record<string, WrongSetting>> = judged ? wrongSettings(kind, values) : {}
  const put = (name: string, value: string): void =>
    set({ ...typed, values: { ...values, [name]: value } })
  const help = (name: string): string | undefined => {
    const key = (
      member === 'broker' ? `sources.brokerHelp.${name}` : `destinations.help.${name}`
    ) as 'destinations.help.topic'
    return own.has(key) ? own(key) : undefined
  }
  const label = (name: string): string => t(`field.${name}` as 'field.queue')
  const errorOf = (name: string): string | undefined => {
    const one = wrong[name]
    if (one === undefined) return errors[`${member}.${name}`]
    if (one === 'scheme') return t('schemeWrong', { example: kind.example })
    if (one !== 'either') return t(`${one}Wrong`)
    const [first, other] = kind.either!
    return t('eitherWrong', { one: label(first), other: label(other) })
  }
  return (
    <Stack>
      <TextField
        label={t('url')}
        help={t('urlHelp')}
        mono
        placeholder={kind.example}
        value={values['url'] ?? ''}
        error={errorOf('url')}
        onChange={({ target }) => put('url', target.value)}
      />
      <Grid>
        {kind.fields.map((field) => (
          <One
            key={field.name}
            field={field}
            label={label(field.name)}
            value={values[field.name] ?? ''}
            help={help(field.name)}
            error={errorOf(field.name)}
            put={(value) => put(field.name, value)}
          />
        ))}
      </Grid>
      {errors[member] !== undefined && <Notice tone="bad">{errors[member]}</Notice>}
      <Muted>{member === 'broker' ? own('sources.brokerHow') : t('how')}</Muted>
    </Stack>
  )
}

function One({
  field: { name, is, needed, example },
  label,
  value,
  help,
  error,
  put,
}: {
  field: SettingField
  label: string
  value: string
  help: string | undefined
  error: string | undefined
  put: (value: string) => void
}) {
  const t = useTranslations('destinations')
  if (is === 'flag')
    return (
      <CheckField
        label={label}
        // RabbitMQ's messages survive its restart unless it is said that they need not.
        checked={value === '' ? name === 'persistent' : value === 'true'}
        onChange={({ target }) => put(String(target.checked))}
      />
    )
  if (typeof is === 'object')
    return (
      <SelectField
        label={label}
        value={value === '' ? is.options[0]! : value}
        help={help}
        error={error}
        onPick={put}
        options={is.options.map((one) => ({
          value: one,
          label: t(`option.${name}${one}` as 'option.qos1'),
        }))}
      />
    )
  const common = { label, help, error, mono: true, optional: needed !== true, value }
  if (is === 'long' || is === 'long-secret')
    return <TextArea {...common} rows={3} onChange={({ target }) => put(target.value)} />
  return (
    <TextField
      {...common}
      placeholder={example}
      {...(is === 'secret' && { type: 'password', autoComplete: 'new-password' })}
      {...(is === 'number' && { inputMode: 'numeric' })}
      onChange={({ target }) => put(target.value)}
    />
  )
}
