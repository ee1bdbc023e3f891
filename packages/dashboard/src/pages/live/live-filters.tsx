import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import { eventTypeNamesQuery } from '../../api/event-types.ts'
import { FilterSelect } from '../../parts/field.tsx'
import { FilterBar } from '../../parts/foot.tsx'
import { useSession } from '../../session/session.ts'
import { AppFilter } from '../../shell/app-filter.tsx'
import { useScope } from '../../shell/scope.ts'
import { gateways, gatewayTitle } from '../sources/gateways.ts'
import { offeredEndpointsQuery } from './queries.ts'
import { liveStates } from './search.ts'

const route = getRouteApi('/in/live')

/** What is followed: of an app, a type, an endpoint, a gateway, in a state. */
export function LiveFilters() {
  const t = useTranslations('live')
  const { kind } = useSession()
  const { type, state, source, endpoint } = route.useSearch()
  const navigate = route.useNavigate()
  const scope = useScope()
  const types = useQuery(eventTypeNamesQuery)
  const endpoints = useQuery(offeredEndpointsQuery(scope)).data ?? []
  const pick = (change: Partial<ReturnType<typeof route.useSearch>>): void =>
    void navigate({ search: (before) => ({ ...before, ...change }) })
  return (
    <FilterBar>
      <AppFilter />
      <FilterSelect
        label={t('type')}
        value={type ?? ''}
        onPick={(picked) => pick({ type: picked || undefined })}
        options={withChosen(t('anyType'), type, (types.data ?? []).map(named))}
      />
      <FilterSelect
        label={t('endpoint')}
        value={endpoint ?? ''}
        onPick={(picked) => pick({ endpoint: picked || undefined })}
        options={withChosen(
          t('anyEndpoint'),
          endpoint,
          endpoints.map(({ id, url }) => ({ value: id, label: url })),
        )}
      />
      {kind === 'account' && (
        <FilterSelect
          label={t('source')}
          value={source ?? ''}
          onPick={(picked) => pick({ source: picked || undefined })}
          options={withChosen(
            t('anySource'),
            source,
            gateways.map((value) => ({ value, label: gatewayTitle(value) })),
          )}
        />
      )}
      <FilterSelect
        label={t('state')}
        value={state ?? ''}
        onPick={(picked) => pick({ state: picked === '' ? undefined : picked })}
        options={[
          { value: '' as const, label: t('anyState') },
          ...liveStates.map((value) => ({ value, label: t(value) })),
        ]}
      />
    </FilterBar>
  )
}

interface Option {
  value: string
  label: string
}

const named = (value: string): Option => ({ value, label: value })

/** None, those that are offered, and the chosen one, which an address may name without its being among them. */
function withChosen(any: string, chosen: string | undefined, offered: readonly Option[]): Option[] {
  const missing = chosen !== undefined && !offered.some(({ value }) => value === chosen)
  return [{ value: '', label: any }, ...offered, ...(missing ? [named(chosen)] : [])]
}
