import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { CheckField, SelectField, TextArea, TextField } from '../../parts/field.tsx'
import { Grid, Panel, Stack } from '../../parts/layout.tsx'
import type { Endpoint } from '../../api/shapes.ts'
import { AccessPart } from './access-part.tsx'
import { AddressCheck } from './address-check.tsx'
import { DestinationFields, KindField } from './destination-part.tsx'
import { dialects } from './draft.ts'
import { FilterPart } from './filter-part.tsx'
import { type FormState, useField } from './form-state.ts'
import { defaultsQuery } from './queries.ts'
import { RetryLine } from './retry-line.tsx'
import { TransformPart } from './transform-part.tsx'
import { TypesPart } from './types-part.tsx'

/** All of an endpoint that can be set, in the order in which a person decides it. */
export function EndpointForm({ endpoint, ...form }: FormState & { endpoint?: Endpoint }) {
  const t = useTranslations('endpointForm')
  const field = useField(form)
  const url = field('url')
  return (
    <Stack>
      <Panel title={t('where')}>
        <Stack>
          <KindField {...form} />
          {form.draft.destination.kind === 'http' ? (
            <>
              <TextField
                label={t('url')}
                help={t('urlHelp')}
                type="url"
                inputMode="url"
                mono
                placeholder="https://example.com/webhooks"
                {...url}
              />
              {/* What is wrong with it stands at the field. */}
              {url.error === undefined && <AddressCheck appId={form.appId} url={form.draft.url} />}
            </>
          ) : (
            <DestinationFields {...form} />
          )}
          <TextField label={t('description')} optional {...field('description')} />
        </Stack>
      </Panel>
      <TypesPart {...form} />
      <FilterPart {...form} />
      <TransformPart {...form} />
      <AccessPart {...form} {...(endpoint && { endpoint })} />
      <How isNew={endpoint === undefined} {...form} />
    </Stack>
  )
}

function How({ isNew, ...form }: FormState & { isNew: boolean }) {
  const t = useTranslations('endpointForm')
  const field = useField(form)
  const { draft, set } = form
  const defaults = useQuery(defaultsQuery(form.appId, draft.dialect)).data
  const usual = (value: number | null | undefined): string | undefined => value?.toString()
  return (
    <Panel title={t('how')}>
      <Stack>
        <CheckField
          label={t('scheduleOwn')}
          checked={draft.ownSchedule}
          onChange={(event) => set((before) => ({ ...before, ownSchedule: event.target.checked }))}
        />
        {draft.ownSchedule && (
          <TextArea
            label={t('schedule')}
            help={t('scheduleHelp')}
            mono
            rows={2}
            {...field('schedule', 'retrySchedule')}
          />
        )}
        <RetryLine draft={draft} appId={form.appId} />
        <Grid>
          <SelectField
            label={t('dialect')}
            help={t('dialectHelp')}
            value={draft.dialect}
            error={form.errors['dialect']}
            onPick={(dialect) => set((before) => ({ ...before, dialect }))}
            options={dialects.map((value) => ({ value, label: value }))}
          />
          <SelectField
            label={t('ordering')}
            value={draft.ordering}
            onPick={(ordering) => set((before) => ({ ...before, ordering }))}
            options={[
              { value: 'none', label: t('orderingNone') },
              { value: 'key', label: t('orderingKey') },
            ]}
          />
          <SelectField
            label={t('priority')}
            value={draft.priority}
            onPick={(priority) => set((before) => ({ ...before, priority }))}
            options={[
              { value: '', label: t('priorityNone') },
              { value: 'high', label: t('high') },
              { value: 'normal', label: t('normal') },
              { value: 'low', label: t('low') },
            ]}
          />
          <TextField
            label={t('maxInFlight')}
            inputMode="numeric"
            optional={isNew}
            placeholder={usual(defaults?.maxInFlight.value)}
            {...field('maxInFlight')}
          />
          <TextField
            label={t('rate')}
            inputMode="numeric"
            optional
            placeholder={usual(defaults?.throttleRate.value)}
            {...field('throttleRate')}
          />
          <TextField
            label={t('timeout')}
            inputMode="numeric"
            optional
            placeholder={usual(defaults?.timeoutMs.value)}
            {...field('timeoutMs')}
          />
          <TextField
            label={t('channels')}
            help={t('channelsHelp')}
            optional
            {...field('channels')}
          />
          {isNew && (
            <TextField
              label={t('secretLabel')}
              help={t('secretHelp')}
              optional
              mono
              {...field('secret')}
            />
          )}
        </Grid>
      </Stack>
    </Panel>
  )
}
