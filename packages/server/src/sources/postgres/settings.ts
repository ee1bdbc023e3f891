import { setting, type SettingGroup } from '../../core/setting.ts'
import { kind, list, text } from '../../core/setting-kinds.ts'
import { withoutPassword } from '../../core/masked-url.ts'

/** An outbox in another database, and the app that gets its events. */
export interface OutboxAddress {
  /** The app's uid; null: POMBO_OUTBOX_APP. */
  app: string | null
  url: string
}

const uidPattern = /^[a-zA-Z0-9\-_.]{1,256}$/

/** What configures the outboxes; a group of config/keys.ts. */
export const outboxKeys = {
  outboxes: setting('POMBO_OUTBOX_URLS', list(outboxAddress()), {
    default: '',
    defaultNote: 'none but the one in Pombo’s own database, where there is one',
    description:
      'Databases with an outbox ("pombo pg install") to read events from. The name before "=" is the uid of the app ' +
      'that gets them; it is made where it is missing. Each process keeps two connections to each.',
    secret: true,
    redact: (addresses) => addresses.map((address) => show(address, true)).join(','),
  }),
  outboxApp: setting('POMBO_OUTBOX_APP', text("an app's uid", 'shop', uidPattern), {
    default: 'outbox',
    description:
      'Uid of the app that gets the events of an outbox for which none is named, such as the one in ' +
      'Pombo’s own database.',
  }),
} satisfies SettingGroup

function outboxAddress() {
  return kind<OutboxAddress>(
    'a URL that starts with postgres:// or postgresql://, or app=URL',
    'shop=postgres://pombo:password@db.example.com:5432/shop',
    (given) => {
      const match = /^(?:([^=:/?]*)=)?(postgres(?:ql)?:\/\/.*)$/.exec(given)
      if (!match || !URL.canParse(match[2]!)) return { problem: 'it is neither a URL nor app=URL' }
      const [, app, url] = match
      if (app !== undefined && !uidPattern.test(app))
        return { problem: 'the name before "=" may hold only letters, digits, "-", "_" and "."' }
      return { value: { app: app ?? null, url: url! } }
    },
    (address) => show(address, false),
  )
}

function show({ app, url }: OutboxAddress, hidden: boolean): string {
  const shown = hidden ? withoutPassword(url, { query: true }) : new URL(url).href
  return `${app === null ? '' : `${app}=`}${shown}`
}
