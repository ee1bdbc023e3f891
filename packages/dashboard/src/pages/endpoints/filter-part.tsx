import { useTranslations } from 'use-intl'
import { CodeField } from '../../parts/code-editor.tsx'
import { Panel } from '../../parts/layout.tsx'
import type { FormState } from './form-state.ts'

export function FilterPart({ draft, set, errors }: FormState) {
  const t = useTranslations('endpointForm')
  return (
    <Panel title={t('filter')}>
      <CodeField
        label={t('filter')}
        help={t('filterHelp')}
        optional
        language="cel"
        rows={3}
        value={draft.filter}
        error={errors['filter']}
        onChange={(filter) => set((before) => ({ ...before, filter }))}
      />
    </Panel>
  )
}
