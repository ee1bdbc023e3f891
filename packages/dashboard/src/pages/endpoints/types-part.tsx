import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { eventTypeNamesQuery } from '../../api/event-types.ts'
import { CheckField, TextArea } from '../../parts/field.tsx'
import { Panel, Stack } from '../../parts/layout.tsx'
import { listOf } from '../../parts/list-of.ts'
import { type FormState, useField } from './form-state.ts'
import styles from './endpoint-form.module.css'

export function TypesPart(form: FormState) {
  const t = useTranslations('endpointForm')
  const field = useField(form)
  const names = useQuery(eventTypeNamesQuery)
  const { draft, set } = form
  const chosen = listOf(draft.types)
  const toggle = (name: string, on: boolean): void =>
    set((before) => {
      const others = listOf(before.types).filter((one) => one !== name)
      return { ...before, types: (on ? [...others, name] : others).join('\n') }
    })
  return (
    <Panel title={t('what')}>
      <Stack>
        <CheckField
          label={t('allTypes')}
          checked={draft.allTypes}
          onChange={(event) => set((before) => ({ ...before, allTypes: event.target.checked }))}
        />
        {!draft.allTypes && (
          <>
            {names.data !== undefined && names.data.length > 0 && (
              <fieldset className={styles.types} aria-label={t('typesFromCatalogue')}>
                {names.data.map((name) => (
                  <CheckField
                    key={name}
                    label={name}
                    checked={chosen.includes(name)}
                    onChange={(event) => toggle(name, event.target.checked)}
                  />
                ))}
              </fieldset>
            )}
            <TextArea
              label={t('someTypes')}
              help={t('typesHelp')}
              mono
              rows={3}
              {...field('types', 'eventTypes')}
            />
          </>
        )}
      </Stack>
    </Panel>
  )
}
