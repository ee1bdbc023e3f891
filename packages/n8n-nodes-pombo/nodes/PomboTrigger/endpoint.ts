import type { IDataObject, IHookFunctions } from 'n8n-workflow'

export interface TriggerOptions {
  chatKinds?: string[]
  description?: string
  eventsPerExecution?: number
  filter?: string
  fromMe?: 'any' | 'own' | 'others'
  maxInFlight?: number
  onDeactivation?: 'remove' | 'pause'
}

/**
 * The uid of the trigger's endpoint: the same at every activation, so that it is found again where n8n has forgotten
 * it, and another one for the address that n8n tests with.
 */
export function uidOf(hook: IHookFunctions, url: string): string {
  const isTest = /\/webhook-test\//.test(url)
  const parts = [
    'n8n',
    hook.getWorkflow().id ?? 'new',
    hook.getNode().id,
    ...(isTest ? ['test'] : []),
  ]
  return parts
    .join('_')
    .replace(/[^\w.-]/g, '-')
    .slice(0, 256)
}

/** The event with what belongs to it, in the body: the body is what is signed. */
const envelope = {
  payload: '{"id": messageId, "eventType": eventType, "timestamp": timestamp, "payload": payload}',
}

/** The endpoint that the parameters ask for. What is not asked for is said too: an update must take it back. */
export function settingsOf(hook: IHookFunctions, url: string): IDataObject {
  const words = (name: string) =>
    (hook.getNodeParameter(name, []) as string[])
      .map((one) => one.trim())
      .filter((one) => one !== '')
  const options = hook.getNodeParameter('options', {}) as TriggerOptions
  const eventTypes = words('eventTypes')
  const chats = words('chats')
  const kinds = options.chatKinds ?? []
  const { fromMe = 'any', eventsPerExecution = 1, maxInFlight = 5 } = options
  const chatFilter = {
    ...(chats.length > 0 && { allow: chats }),
    ...(kinds.length > 0 && { chatKinds: kinds }),
    ...(fromMe !== 'any' && { fromMe: fromMe === 'own' }),
  }
  // n8n answers when the workflow has ended, which may take as long as an exchange may last.
  const waits = hook.getNodeParameter('respond', 'onReceived') === 'lastNode'
  return {
    url,
    description: options.description || `n8n: ${hook.getWorkflow().name ?? ''}`,
    disabled: false,
    dialect: 'standard',
    signatureHeaders: 'webhook',
    eventTypes: eventTypes.length > 0 ? eventTypes : null,
    channels: null,
    chatFilter: Object.keys(chatFilter).length > 0 ? chatFilter : null,
    filter: filterOf(words('sessions'), options.filter ?? ''),
    transform: eventsPerExecution > 1 ? null : envelope,
    batch: eventsPerExecution > 1 ? { maxEvents: eventsPerExecution, maxWaitMs: 1_000 } : null,
    timeoutMs: waits ? 60_000 : null,
    maxInFlight,
  }
}

/** Of canonical events; what has no session is of none. */
function filterOf(sessions: string[], filter: string): string | null {
  const parts = [
    ...(sessions.length > 0 ? [`payload.session in ${JSON.stringify(sessions)}`] : []),
    ...(filter.trim() !== '' ? [filter.trim()] : []),
  ]
  return parts.length === 0 ? null : parts.map((one) => `(${one})`).join(' && ')
}

/** Whether an endpoint is as it should be, as far as the trigger has a say in it. */
export function isAsAsked(found: IDataObject, asked: IDataObject): boolean {
  return Object.entries(asked).every(([name, value]) => isSame(found[name], value))
}

/** Members that are not asked for may have defaults. */
function isSame(found: unknown, asked: unknown): boolean {
  if (typeof asked !== 'object' || asked === null) return (found ?? null) === (asked ?? null)
  if (typeof found !== 'object' || found === null) return false
  if (Array.isArray(asked) && asked.length !== (found as unknown[]).length) return false
  return Object.entries(asked).every(([name, value]) => isSame((found as IDataObject)[name], value))
}
