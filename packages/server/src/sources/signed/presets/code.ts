import { hmac, type Preset } from '../preset.ts'

const days = 86_400

/** Where code is kept and built. */
export const code: readonly Preset[] = [
  {
    name: 'github',
    title: 'GitHub',
    docs: 'https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries',
    secretIs: 'the secret of the webhook',
    scheme: hmac('x-hub-signature-256', 'sha256', { prefix: 'sha256=' }),
    type: [{ header: 'x-github-event' }, { body: 'action' }],
    id: [{ header: 'x-github-delivery' }],
    // GitHub does not try again by itself; who redelivers by hand within three days sends the same id.
    retriesForSeconds: 3 * days,
  },
  {
    name: 'gitlab',
    title: 'GitLab',
    docs: 'https://docs.gitlab.com/user/project/integrations/webhooks/',
    secretIs: 'the secret token of the webhook',
    scheme: { kind: 'token', at: { header: 'x-gitlab-token' } },
    type: [{ body: 'object_kind' }, { body: 'object_attributes.action' }],
    id: [{ header: 'idempotency-key' }, { header: 'webhook-id' }],
    retriesForSeconds: days,
  },
]
