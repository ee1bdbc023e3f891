import { Boxes, Ellipsis, ExternalLink, Eye, Pencil, Plus, Trash2 } from 'lucide-react'
import { useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { App } from '../../api/shapes.ts'
import { Button, IconButton } from '../../parts/button.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Mono, Page, Panel } from '../../parts/layout.tsx'
import { Menu, MenuItem, MenuLine } from '../../parts/menu.tsx'
import { PagedList, pageOf } from '../../parts/paged-list.tsx'
import { Empty } from '../../parts/states.tsx'
import { type Column, rowLink } from '../../parts/table.tsx'
import { useMay } from '../../session/session.ts'
import { AppForm } from './app-form.tsx'
import { PortalLink } from './portal-link.tsx'

type Open = { what: 'edit' | 'delete' | 'portal'; app: App } | { what: 'new' }

export function AppsPage() {
  const t = useTranslations('apps')
  const may = useMay()
  const queries = useQueryClient()
  const [open, setOpen] = useState<Open>()
  const close = (): void => setOpen(undefined)
  const columns: Column<App>[] = [
    {
      id: 'name',
      head: t('name'),
      is: 'fill',
      cell: ({ id, name }) => (
        <Link className={rowLink} to="/endpoints" search={{ app: id }}>
          {name}
        </Link>
      ),
    },
    {
      id: 'uid',
      head: t('uid'),
      is: 'name',
      cell: ({ uid }) => uid !== null && <Mono>{uid}</Mono>,
    },
    { id: 'id', head: 'Id', is: 'nowrap', minor: true, cell: ({ id }) => <Mono>{id}</Mono> },
    { id: 'created', head: t('created'), minor: true, ago: ({ createdAt }) => createdAt },
    { id: 'menu', head: '', is: 'number', cell: (app) => <AppMenu app={app} onOpen={setOpen} /> },
  ]
  const create = may('administer') && (
    <Button kind="primary" icon={Plus} onClick={() => setOpen({ what: 'new' })}>
      {t('new')}
    </Button>
  )
  return (
    <Page title={t('title')} lead={t('lead')} actions={create}>
      <Panel flush>
        <PagedList
          linked
          label={t('title')}
          queryKey={['apps', 'list']}
          page={async (iterator) =>
            await ask(
              api.GET('/api/v1/app', {
                params: { query: { ...pageOf(iterator), order: 'descending' } },
              }),
            )
          }
          columns={columns}
          rowKey={({ id }) => id}
          empty={
            <Empty icon={Boxes} title={t('empty')} action={create}>
              {t('emptyHow')}
            </Empty>
          }
        />
      </Panel>
      {open?.what === 'new' && <AppForm onClose={close} />}
      {open?.what === 'edit' && <AppForm app={open.app} onClose={close} />}
      {open?.what === 'portal' && <PortalLink app={open.app} onClose={close} />}
      {open?.what === 'delete' && (
        <Confirm
          title={t('delete')}
          action={t('delete')}
          word={open.app.name}
          wordLabel={t('name')}
          onClose={close}
          run={async () => {
            await ask(
              api.DELETE('/api/v1/app/{app_id}', { params: { path: { app_id: open.app.id } } }),
            )
            await queries.invalidateQueries({ queryKey: ['apps'] })
            return t('deleted')
          }}
        >
          {t('deleteHow', { name: open.app.name })}
        </Confirm>
      )}
    </Page>
  )
}

function AppMenu({ app, onOpen }: { app: App; onOpen: (open: Open) => void }) {
  const t = useTranslations('apps')
  const common = useTranslations('common')
  const may = useMay()
  const navigate = useNavigate()
  return (
    <Menu
      trigger={
        <IconButton
          small
          label={`${common('actions')}: ${app.name}`}
          icon={Ellipsis}
          iconSize={15}
        />
      }
    >
      <MenuItem
        icon={Eye}
        onPick={() => void navigate({ to: '/overview', search: { app: app.id } })}
      >
        {t('showOnly')}
      </MenuItem>
      {may('administer') && (
        <>
          <MenuItem icon={ExternalLink} onPick={() => onOpen({ what: 'portal', app })}>
            {t('portal')}
          </MenuItem>
          <MenuItem icon={Pencil} onPick={() => onOpen({ what: 'edit', app })}>
            {t('edit')}
          </MenuItem>
          <MenuLine />
          <MenuItem danger icon={Trash2} onPick={() => onOpen({ what: 'delete', app })}>
            {t('delete')}
          </MenuItem>
        </>
      )}
    </Menu>
  )
}
