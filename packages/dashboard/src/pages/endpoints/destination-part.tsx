import { useTranslations } from 'use-intl'
import { SelectField } from '../../parts/field.tsx'
import { Notice } from '../../parts/states.tsx'
import { SettingFields } from '../connections/setting-fields.tsx'
import { destinationKinds, type KnownKind, kindOf } from './draft-destination.ts'
import type { FormState } from './form-state.ts'

/** Over HTTP, or into a broker or a database. */
export function KindField({ draft, set }: FormState) {
  const t = useTranslations('destinations')
  const { kind } = draft.destination
  return (
    <SelectField
      label={t('kind')}
      value={kind}
      onPick={(picked) =>
        set((before) => ({ ...before, destination: { kind: picked, values: {}, kept: {} } }))
      }
      options={[
        { value: 'http', label: t('http') },
        ...(Object.keys(destinationKinds) as KnownKind[]).map((value) => ({
          value,
          label: destinationKinds[value].title,
        })),
        ...(kind === 'other' ? [{ value: 'other' as const, label: t('other') }] : []),
      ]}
    />
  )
}

/** What the chosen kind asks for. */
export function DestinationFields({ draft, set, errors, judged }: FormState) {
  const t = useTranslations('destinations')
  const { destination } = draft
  const known = kindOf(destination.kind)
  if (known === undefined) return <Notice tone="info">{t('otherHow')}</Notice>
  return (
    <SettingFields
      kind={known}
      typed={destination}
      set={(typed) =>
        set((before) => ({ ...before, destination: { ...before.destination, ...typed } }))
      }
      member="destination"
      {...{ judged, errors }}
    />
  )
}
