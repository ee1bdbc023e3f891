import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow'
import { endpointFields } from './fields/endpoint'
import { eventFields } from './fields/event'
import { deliveryFields, replayFields } from './fields/delivery'

const operations = (
  resource: string,
  options: INodePropertyOptions[],
  first: string,
): INodeProperties => ({
  displayName: 'Operation',
  name: 'operation',
  type: 'options',
  noDataExpression: true,
  displayOptions: { show: { resource: [resource] } },
  options,
  default: first,
})

export const pomboProperties: INodeProperties[] = [
  {
    displayName: 'Resource',
    name: 'resource',
    type: 'options',
    noDataExpression: true,
    options: [
      { name: 'Delivery', value: 'delivery' },
      { name: 'Endpoint', value: 'endpoint' },
      { name: 'Event', value: 'event' },
      { name: 'Replay', value: 'replay' },
    ],
    default: 'event',
  },
  operations(
    'event',
    [
      {
        name: 'Send',
        value: 'send',
        description: 'Send an event to all endpoints that want it',
        action: 'Send an event',
      },
    ],
    'send',
  ),
  operations(
    'delivery',
    [
      {
        name: 'Get Many Failed',
        value: 'getFailed',
        description: "List an endpoint's failed attempts, newest first",
        action: 'Get many failed deliveries',
      },
      {
        name: 'Retry',
        value: 'retry',
        description: 'Send one message to one endpoint again',
        action: 'Retry a delivery',
      },
      {
        name: 'Retry Many Failed',
        value: 'recover',
        description: 'Send again all that was given up or not sent since a time',
        action: 'Retry many failed deliveries',
      },
    ],
    'getFailed',
  ),
  operations(
    'replay',
    [
      {
        name: 'Start',
        value: 'start',
        description:
          'Send again what was sent, given up or not sent, by application, type and time',
        action: 'Start a replay',
      },
      {
        name: 'Get',
        value: 'get',
        description: 'How far a replay has come',
        action: 'Get a replay',
      },
    ],
    'start',
  ),
  operations(
    'endpoint',
    [
      { name: 'Create', value: 'create', action: 'Create an endpoint' },
      { name: 'Delete', value: 'delete', action: 'Delete an endpoint' },
      { name: 'Get Many', value: 'getAll', action: 'Get many endpoints' },
      {
        name: 'Pause',
        value: 'pause',
        description: 'Its events wait',
        action: 'Pause an endpoint',
      },
      {
        name: 'Resume',
        value: 'resume',
        description: 'What has waited is sent',
        action: 'Resume an endpoint',
      },
    ],
    'create',
  ),
  {
    displayName: 'Application Name or ID',
    name: 'application',
    type: 'options',
    typeOptions: { loadOptionsMethod: 'getApplications' },
    required: true,
    default: '',
    displayOptions: { show: { resource: ['delivery', 'endpoint', 'event'] } },
    description:
      'Choose from the list, or specify an ID using an <a href="https://docs.n8n.io/code/expressions/">expression</a>',
    hint: 'Of a WhatsApp gateway each session is an application',
  },
  ...eventFields,
  ...deliveryFields,
  ...replayFields,
  ...endpointFields,
]
