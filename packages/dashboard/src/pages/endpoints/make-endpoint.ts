import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useTranslations } from 'use-intl'
import type { Endpoint } from '../../api/shapes.ts'
import { useSay } from '../../parts/toast.tsx'
import { useLeaveGuard } from '../../parts/use-leave-guard.ts'

/** Makes an endpoint and goes to it; until then what was typed is not left without a question. */
export function useMakeEndpoint<Typed>(
  appId: string,
  isTyped: boolean,
  make: (typed: Typed) => Promise<Pick<Endpoint, 'id'>>,
) {
  const t = useTranslations('endpointForm')
  const say = useSay()
  const navigate = useNavigate()
  const queries = useQueryClient()
  const create = useMutation({
    mutationFn: make,
    onSuccess: async ({ id }) => {
      say.done(t('created'))
      void queries.invalidateQueries({ queryKey: ['endpoints'] })
      await navigate({
        to: '/endpoints/$appId/$endpointId',
        params: { appId, endpointId: id },
        ignoreBlocker: true,
      })
    },
  })
  useLeaveGuard(isTyped && !create.isSuccess)
  return create
}
