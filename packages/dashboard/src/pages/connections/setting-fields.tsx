import { useTranslations } from 'use-intl'
import { CheckField, SelectField, TextArea, TextField } from '../../parts/field.tsx'
import { Grid, Stack } from '../../parts/layout.tsx'
import type { ConnectionKind, SettingField, TypedSettings, WrongSetting } from './settings.ts'

interface Fields {
  kind: ConnectionKind
  values: TypedSettings['values']
  wrong: Readonly<Record<string, WrongSetting>>
  /** What Pombo said of a setting, after it had connected or tried to. */
  errors: (name: string) => string | undefined
  help: (name: string) => string | undefined
  put: (name: string, value: string) => void
}

/** The address of a broker or a database, and what its kind asks for besides. */
export function SettingFields({ kind, values, wrong, errors, help, put }: Fields) {
  const t = useTranslations('destinations')
  const label = (name: string): string => t(`field.${name}` as 'field.queue')
  const errorOf = (name: string): string | undefined => {
    const own = wrong[name]
    if (own === undefined) return errors(name)
    if (own === 'scheme') return t('schemeWrong', { example: kind.example })
    if (own !== 'either') return t(`${own}Wrong`)
    const [one, other] = kind.either!
    return t('eitherWrong', { one: label(one), other: label(other) })
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
