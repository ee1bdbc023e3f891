import {
  type IDataObject,
  type IHookFunctions,
  type INodeExecutionData,
  type INodeType,
  type INodeTypeDescription,
  type IWebhookFunctions,
  type IWebhookResponseData,
  NodeConnectionTypes,
  NodeOperationError,
} from 'n8n-workflow'
import { getApplications } from '../applications'
import { call, callOr, isObject, path } from '../request'
import { mismatch, signatureProblem } from '../signature'
import { isAsAsked, settingsOf, type TriggerOptions, uidOf } from './endpoint'
import { triggerProperties } from './properties'

/** What is remembered between activations, in the static data of the workflow. */
interface Remembered extends IDataObject {
  application?: string
  uid?: string
  secret?: string
}

/** Starts a workflow on events of Pombo: it makes an endpoint while the workflow is active. */
export class PomboTrigger implements INodeType {
  description: INodeTypeDescription = {
    displayName: 'Pombo Trigger',
    name: 'pomboTrigger',
    icon: { light: 'file:../../icons/pombo.svg', dark: 'file:../../icons/pombo.dark.svg' },
    group: ['trigger'],
    version: 1,
    subtitle: '={{$parameter["eventTypes"].join(", ") || "all events"}}',
    description: 'Starts the workflow when an event arrives at Pombo',
    defaults: { name: 'Pombo Trigger' },
    inputs: [],
    outputs: [NodeConnectionTypes.Main],
    credentials: [{ name: 'pomboApi', required: true }],
    webhooks: [
      {
        name: 'default',
        httpMethod: 'POST',
        responseMode: '={{$parameter["respond"]}}',
        path: 'webhook',
      },
    ],
    properties: triggerProperties,
  }

  methods = { loadOptions: { getApplications } }

  webhookMethods = {
    default: {
      async checkExists(this: IHookFunctions): Promise<boolean> {
        const { application, uid, settings } = wanted(this)
        const remembered = this.getWorkflowStaticData('node') as Remembered
        const moved = remembered.application !== undefined && remembered.application !== application
        if (moved) await remove(this, remembered.application!, remembered.uid ?? uid)
        const found = await callOr(404, this, 'GET', path`/app/${application}/endpoint/${uid}`)
        if (!isObject(found) || found.paused === true || !isAsAsked(found, settings)) return false
        await remember(this, application, uid)
        return true
      },
      async create(this: IHookFunctions): Promise<boolean> {
        const { application, uid, settings } = wanted(this)
        const target = path`/app/${application}/endpoint/${uid}`
        const made = await call(this, 'PUT', target, { body: settings })
        if (isObject(made) && made.paused === true) await call(this, 'POST', `${target}/resume`)
        await remember(this, application, uid)
        return true
      },
      async delete(this: IHookFunctions): Promise<boolean> {
        const remembered = this.getWorkflowStaticData('node') as Remembered
        const now = wanted(this)
        const { application = now.application, uid = now.uid } = remembered
        const options = this.getNodeParameter('options', {}) as TriggerOptions
        if (options.onDeactivation === 'pause') {
          await callOr(404, this, 'POST', path`/app/${application}/endpoint/${uid}/pause`)
          return true
        }
        await remove(this, application, uid)
        delete remembered.application
        delete remembered.uid
        delete remembered.secret
        return true
      },
    },
  }

  async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
    const body = (this.getRequestObject() as { rawBody?: Buffer }).rawBody
    if (!Buffer.isBuffer(body)) return refuse(this, 'the request has no body')
    const headers = this.getHeaderData() as IDataObject
    const signed = {
      id: headers['webhook-id'],
      timestamp: headers['webhook-timestamp'],
      signature: headers['webhook-signature'],
      body,
    }
    const remembered = this.getWorkflowStaticData('node') as Remembered
    let problem = signatureProblem(signed, remembered.secret ?? '', Date.now())
    if (problem === mismatch) {
      // The secret may have been changed over in Pombo since the workflow was activated.
      const { application, uid } = remembered
      const secret = application && uid ? await secretOf(this, application, uid) : undefined
      if (secret !== undefined && secret !== remembered.secret) {
        remembered.secret = secret
        problem = signatureProblem(signed, secret, Date.now())
      }
    }
    if (problem !== undefined) return refuse(this, problem)
    return { workflowData: [itemsOf(this, body)] }
  }
}

function wanted(hook: IHookFunctions): { application: string; uid: string; settings: IDataObject } {
  const url = hook.getNodeWebhookUrl('default')
  if (url === undefined) throw new NodeOperationError(hook.getNode(), 'n8n gives no webhook URL')
  return {
    application: hook.getNodeParameter('application') as string,
    uid: uidOf(hook, url),
    settings: settingsOf(hook, url),
  }
}

async function remember(hook: IHookFunctions, application: string, uid: string): Promise<void> {
  const remembered = hook.getWorkflowStaticData('node') as Remembered
  remembered.application = application
  remembered.uid = uid
  remembered.secret = await secretOf(hook, application, uid)
}

async function secretOf(
  caller: IHookFunctions | IWebhookFunctions,
  application: string,
  uid: string,
): Promise<string> {
  const answer = await call(caller, 'GET', path`/app/${application}/endpoint/${uid}/secret`)
  return isObject(answer) ? String(answer.key) : ''
}

async function remove(hook: IHookFunctions, application: string, uid: string): Promise<void> {
  await callOr(404, hook, 'DELETE', path`/app/${application}/endpoint/${uid}`)
}

/** Pombo shows the answer beside the attempt, and tries again. */
function refuse(hook: IWebhookFunctions, problem: string): IWebhookResponseData {
  hook
    .getResponseObject()
    .status(401)
    .json({ message: `Not a request of this Pombo: ${problem}` })
  return { noWebhookResponse: true }
}

/** One event, or as many as came together. */
function itemsOf(hook: IWebhookFunctions, body: Buffer): INodeExecutionData[] {
  const parsed: unknown = JSON.parse(body.toString('utf8'))
  return hook.helpers.returnJsonArray((Array.isArray(parsed) ? parsed : [parsed]) as IDataObject[])
}
