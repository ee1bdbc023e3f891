import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, ask } from '../../api/client.ts'
import type { App } from '../../api/shapes.ts'
import { Button } from '../../parts/button.tsx'
import { Id } from '../../parts/code.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { SelectField } from '../../parts/field.tsx'
import { useFieldErrors } from '../../parts/form.tsx'
import { useSay } from '../../parts/toast.tsx'
import type { Role } from '../../session/session.ts'

const roles = { read: 'roleRead', operate: 'roleOperate', administer: 'roleAdminister' } as const

/** A link that opens the portal of one app, to hand over or to look through a customer's eyes. */
export function PortalLink({ app, onClose }: { app: App; onClose: () => void }) {
  const t = useTranslations('apps')
  const say = useSay()
  const [role, setRole] = useState<Role>('administer')
  const path = { app_id: app.id }
  const make = useMutation({
    mutationFn: async () =>
      await ask(
        api.POST('/api/v1/auth/app-portal-access/{app_id}', { params: { path }, body: { role } }),
      ),
  })
  const expire = useMutation({
    mutationFn: async () =>
      await ask(
        api.POST('/api/v1/auth/app/{app_id}/expire-all', { params: { path }, body: { expiry: 0 } }),
      ),
    onSuccess: () => say.done(t('expired')),
    onError: say.failed,
  })
  const { rest } = useFieldErrors(make.error, [])
  return (
    <Dialog
      open
      onClose={onClose}
      title={`${t('portal')}: ${app.name}`}
      buttons={
        <>
          <Button busy={expire.isPending} onClick={() => expire.mutate()}>
            {t('expire')}
          </Button>
          <Button kind="primary" busy={make.isPending} onClick={() => make.mutate()}>
            {t('makeLink')}
          </Button>
        </>
      }
    >
      <p>{t('portalHow')}</p>
      {rest}
      <SelectField
        label={t('portalRole')}
        value={role}
        onPick={setRole}
        options={(['read', 'operate', 'administer'] as const).map((value) => ({
          value,
          label: t(roles[value]),
        }))}
      />
      {make.data !== undefined && <Id id={make.data.url} />}
    </Dialog>
  )
}
