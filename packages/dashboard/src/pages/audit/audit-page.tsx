import { getRouteApi } from '@tanstack/react-router'
import { FileClock, FileDiff } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { AuditEntry } from '../../api/shapes.ts'
import { Badge, type Tone } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Changes } from './changes.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { FilterSelect } from '../../parts/field.tsx'
import { FilterBar } from '../../parts/foot.tsx'
import { Mono, Muted, Page, Panel, Row } from '../../parts/layout.tsx'
import { PagedList, pageOf } from '../../parts/paged-list.tsx'
import { Empty } from '../../parts/states.tsx'
import type { Column } from '../../parts/table.tsx'
import { Ago, Instant } from '../../parts/time.tsx'
import { auditKinds } from './search.ts'

const tones: Record<string, Tone> = {
  create: 'good',
  update: 'info',
  delete: 'bad',
  erase: 'bad',
}

const route = getRouteApi('/in/audit')

export function AuditPage() {
  const t = useTranslations('audit')
  const { kind, app } = route.useSearch()
  const navigate = route.useNavigate()
  const [open, setOpen] = useState<AuditEntry>()
  const kindWord = (of: string): string =>
    t.has(`kinds.${of}` as 'kinds.app') ? t(`kinds.${of}` as 'kinds.app') : of
  const actionWord = (of: string): string =>
    t.has(`actions.${of}` as 'actions.create') ? t(`actions.${of}` as 'actions.create') : of
  const columns: Column<AuditEntry>[] = [
    { id: 'at', head: t('when'), is: 'nowrap', cell: ({ at }) => <Ago at={at} /> },
    {
      id: 'who',
      head: t('who'),
      is: 'nowrap',
      cell: ({ actor, onBehalfOf }) => (
        <Row>
          {actor}
          {onBehalfOf !== null && <Muted>{t('behalf', { name: onBehalfOf })}</Muted>}
        </Row>
      ),
    },
    {
      id: 'what',
      head: t('what'),
      is: 'nowrap',
      cell: ({ action, kind: of }) => (
        <>
          {kindWord(of)} <Badge tone={tones[action] ?? 'neutral'}>{actionWord(action)}</Badge>
        </>
      ),
    },
    {
      id: 'target',
      head: t('target'),
      is: 'fill',
      minor: true,
      cell: ({ target }) => <Mono>{target}</Mono>,
    },
    {
      id: 'changes',
      head: t('changes'),
      is: 'number',
      cell: (entry) => (
        <Button
          small
          aria-label={t('details', { id: entry.target })}
          icon={FileDiff}
          iconSize={13}
          onClick={() => setOpen(entry)}
        />
      ),
    },
  ]
  return (
    <Page title={t('title')} lead={t('lead')}>
      <FilterBar>
        <FilterSelect
          label={t('kind')}
          value={kind ?? ''}
          onPick={(picked) =>
            void navigate({
              search: (before) => ({ ...before, kind: picked === '' ? undefined : picked }),
            })
          }
          options={[
            { value: '' as const, label: t('anyKind') },
            ...auditKinds.map((value) => ({ value, label: kindWord(value) })),
          ]}
        />
      </FilterBar>
      <Panel flush>
        <PagedList
          label={t('title')}
          queryKey={['audit', kind, app]}
          page={async (iterator) =>
            await ask(
              api.GET('/api/v1/audit', {
                params: {
                  query: {
                    ...pageOf(iterator),
                    ...(kind !== undefined && { kind }),
                    ...(app !== undefined && { app_id: app }),
                  },
                },
              }),
            )
          }
          columns={columns}
          rowKey={({ id }) => id}
          empty={<Empty icon={FileClock} title={t('empty')} />}
        />
      </Panel>
      {open !== undefined && (
        <Dialog
          open
          wide
          onClose={() => setOpen(undefined)}
          title={`${kindWord(open.kind)}: ${actionWord(open.action)}`}
        >
          <p>
            <Instant at={open.at} /> · {open.actor} · <Mono>{open.target}</Mono>
          </p>
          <Changes of={open.changes} />
        </Dialog>
      )}
    </Page>
  )
}
