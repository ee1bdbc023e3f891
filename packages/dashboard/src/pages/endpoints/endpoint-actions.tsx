import { useMutation, useQueryClient } from '@tanstack/react-query'
import { CirclePause, CirclePlay, Ellipsis, History, Power, Send, Trash2, Zap } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { Endpoint } from '../../api/shapes.ts'
import { Button, IconButton } from '../../parts/button.tsx'
import { Menu, MenuItem, MenuLine } from '../../parts/menu.tsx'
import { useSay } from '../../parts/toast.tsx'
import { useMay } from '../../session/session.ts'
import { DeleteDialog, ExampleDialog, RecoverDialog } from './endpoint-dialogs.tsx'

type Open = 'example' | 'recover' | 'delete'

export function EndpointActions({ appId, endpoint }: { appId: string; endpoint: Endpoint }) {
  const t = useTranslations('endpoints.detail')
  const common = useTranslations('common')
  const may = useMay()
  const say = useSay()
  const queries = useQueryClient()
  const [open, setOpen] = useState<Open>()
  const params = { path: { app_id: appId, endpoint_id: endpoint.id } }
  const acts = {
    pause: async () => {
      await ask(api.POST('/api/v1/app/{app_id}/endpoint/{endpoint_id}/pause', { params }))
      return t('pausedNow')
    },
    resume: async () => {
      await ask(api.POST('/api/v1/app/{app_id}/endpoint/{endpoint_id}/resume', { params }))
      return t('resumedNow')
    },
    enable: async () => {
      await ask(api.POST('/api/v1/app/{app_id}/endpoint/{endpoint_id}/enable', { params }))
      return t('enabledNow')
    },
    disable: async () => {
      const body = { disabled: true }
      await ask(api.PATCH('/api/v1/app/{app_id}/endpoint/{endpoint_id}', { params, body }))
      return t('disabledNow')
    },
    closeCircuit: async () => {
      const body = { state: 'closed' as const }
      await ask(api.POST('/api/v1/app/{app_id}/endpoint/{endpoint_id}/circuit', { params, body }))
      return t('circuitClosed')
    },
  }
  const act = useMutation({
    mutationFn: async (name: keyof typeof acts) => await acts[name](),
    onSuccess: async (said) => {
      say.done(said)
      await queries.invalidateQueries({ queryKey: ['endpoint', appId, endpoint.id] })
      void queries.invalidateQueries({ queryKey: ['endpoints'] })
    },
    onError: say.failed,
  })
  if (!may('operate')) return null
  const { disabled, paused, health } = endpoint
  return (
    <>
      {health !== undefined && health.circuit !== 'closed' && (
        <Button icon={Zap} busy={act.isPending} onClick={() => act.mutate('closeCircuit')}>
          {t('closeCircuit')}
        </Button>
      )}
      {paused ? (
        <Button icon={CirclePlay} busy={act.isPending} onClick={() => act.mutate('resume')}>
          {t('resume')}
        </Button>
      ) : (
        !disabled && (
          <Button icon={CirclePause} busy={act.isPending} onClick={() => act.mutate('pause')}>
            {t('pause')}
          </Button>
        )
      )}
      <Button icon={Send} onClick={() => setOpen('example')}>
        {t('sendExample')}
      </Button>
      <Menu trigger={<IconButton label={common('actions')} icon={Ellipsis} iconSize={16} />}>
        <MenuItem icon={History} onPick={() => setOpen('recover')}>
          {t('recover')}
        </MenuItem>
        {may('administer') && (
          <MenuItem icon={Power} onPick={() => act.mutate(disabled ? 'enable' : 'disable')}>
            {disabled ? t('enable') : t('disable')}
          </MenuItem>
        )}
        {may('administer') && (
          <>
            <MenuLine />
            <MenuItem danger icon={Trash2} onPick={() => setOpen('delete')}>
              {t('delete')}
            </MenuItem>
          </>
        )}
      </Menu>
      {open === 'example' && (
        <ExampleDialog {...{ appId, endpoint }} onClose={() => setOpen(undefined)} />
      )}
      {open === 'recover' && (
        <RecoverDialog {...{ appId, endpoint }} onClose={() => setOpen(undefined)} />
      )}
      {open === 'delete' && (
        <DeleteDialog {...{ appId, endpoint }} onClose={() => setOpen(undefined)} />
      )}
    </>
  )
}
