import {
  type IExecuteFunctions,
  type INodeExecutionData,
  type INodeType,
  type INodeTypeDescription,
  type JsonObject,
  NodeApiError,
  NodeConnectionTypes,
  NodeOperationError,
} from 'n8n-workflow'
import { getApplications } from '../applications'
import { operations } from './operations'
import { pomboProperties } from './properties'

/** Sends events, and looks after endpoints and what failed. */
export class Pombo implements INodeType {
  description: INodeTypeDescription = {
    displayName: 'Pombo',
    name: 'pombo',
    icon: { light: 'file:../../icons/pombo.svg', dark: 'file:../../icons/pombo.dark.svg' },
    group: ['output'],
    version: 1,
    subtitle: '={{$parameter["operation"] + ": " + $parameter["resource"]}}',
    description: 'Send events to Pombo, retry, replay and pause deliveries',
    defaults: { name: 'Pombo' },
    usableAsTool: true,
    inputs: [NodeConnectionTypes.Main],
    outputs: [NodeConnectionTypes.Main],
    credentials: [{ name: 'pomboApi', required: true }],
    properties: pomboProperties,
  }

  methods = { loadOptions: { getApplications } }

  async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
    const items = this.getInputData()
    const done: INodeExecutionData[] = []
    for (let itemIndex = 0; itemIndex < items.length; itemIndex++) {
      try {
        const resource = this.getNodeParameter('resource', itemIndex)
        const operation = this.getNodeParameter('operation', itemIndex)
        const run = operations[resource]?.[operation]
        if (!run)
          throw new NodeOperationError(this.getNode(), `${resource} cannot ${operation}`, {
            itemIndex,
          })
        const answers = await run(this, itemIndex)
        done.push(...answers.map((json) => ({ json, pairedItem: { item: itemIndex } })))
      } catch (error) {
        if (this.continueOnFail()) {
          done.push({ json: { error: (error as Error).message }, pairedItem: { item: itemIndex } })
          continue
        }
        // Both keep an error that is of their kind already.
        if (error instanceof NodeApiError)
          throw new NodeApiError(this.getNode(), error as unknown as JsonObject)
        throw new NodeOperationError(this.getNode(), error as Error, { itemIndex })
      }
    }
    return [done]
  }
}
