import { bareEndpoint } from '../../core/bare-endpoint.ts'
import type { Endpoint } from '../../core/endpoint.ts'
import { uuidTimeMs } from '../../core/id.ts'

/** What is left of an endpoint that is gone: its id, which says when it was made, and the address that was sent to. */
export function deletedEndpoint(
  { tenantId, appId }: { tenantId: string; appId: string },
  id: string,
  url: string | null,
): Endpoint {
  return {
    ...bareEndpoint({
      id,
      tenantId,
      appId,
      // Clients want one that reads as such; nothing was ever sent there, and it leads nowhere.
      url: url ?? 'https://deleted.invalid/',
      createdAtMs: uuidTimeMs(id),
    }),
    disabled: true,
    disabledReason: 'deleted',
  }
}
