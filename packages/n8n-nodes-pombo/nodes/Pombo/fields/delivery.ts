import type { INodeProperties } from 'n8n-workflow'

const ofDelivery = (...operation: string[]) => ({ show: { resource: ['delivery'], operation } })
const ofReplay = (...operation: string[]) => ({ show: { resource: ['replay'], operation } })

export const deliveryFields: INodeProperties[] = [
  {
    displayName: 'Endpoint',
    name: 'endpoint',
    type: 'string',
    required: true,
    default: '',
    placeholder: 'ep_01hzy3k9v2e8r5c7m4n6p8q0sa',
    displayOptions: {
      show: {
        resource: ['delivery', 'endpoint'],
        operation: ['getFailed', 'retry', 'recover', 'pause', 'resume', 'delete'],
      },
    },
    description: 'Its ID or uid',
  },
  {
    displayName: 'Message ID',
    name: 'message',
    type: 'string',
    required: true,
    default: '',
    placeholder: 'msg_01hzy3k9v2e8r5c7m4n6p8q0sa',
    displayOptions: ofDelivery('retry'),
  },
  {
    displayName: 'Return All',
    name: 'returnAll',
    type: 'boolean',
    default: false,
    displayOptions: {
      show: { resource: ['delivery', 'endpoint'], operation: ['getFailed', 'getAll'] },
    },
    description: 'Whether to return all results or only up to a given limit',
  },
  {
    displayName: 'Limit',
    name: 'limit',
    type: 'number',
    typeOptions: { minValue: 1 },
    default: 50,
    displayOptions: {
      show: {
        resource: ['delivery', 'endpoint'],
        operation: ['getFailed', 'getAll'],
        returnAll: [false],
      },
    },
    description: 'Max number of results to return',
  },
  {
    displayName: 'Since',
    name: 'since',
    type: 'dateTime',
    required: true,
    default: '',
    displayOptions: {
      show: { resource: ['delivery', 'replay'], operation: ['recover', 'start'] },
    },
    description: 'Messages from this time on',
  },
]

export const replayFields: INodeProperties[] = [
  {
    displayName: 'Task ID',
    name: 'task',
    type: 'string',
    required: true,
    default: '',
    placeholder: 'qtask_01hzy3k9v2e8r5c7m4n6p8q0sa',
    displayOptions: ofReplay('get'),
    description: 'As the start of the replay, or the retry of many, answered it',
  },
  {
    displayName: 'Count Only',
    name: 'dryRun',
    type: 'boolean',
    default: false,
    displayOptions: ofReplay('start'),
    description: 'Whether to count what would be sent again, and send nothing',
  },
  {
    displayName: 'Filters',
    name: 'filters',
    type: 'collection',
    placeholder: 'Add filter',
    default: {},
    displayOptions: ofReplay('start'),
    options: [
      {
        displayName: 'Application',
        name: 'appId',
        type: 'string',
        default: '',
        description: 'Its ID or uid. Empty: all applications.',
      },
      {
        displayName: 'Endpoint',
        name: 'endpointId',
        type: 'string',
        default: '',
        description: 'Its ID, or with an application its uid. Empty: all endpoints.',
      },
      {
        displayName: 'Event Types',
        name: 'eventTypes',
        type: 'string',
        typeOptions: { multipleValues: true },
        default: [],
        placeholder: 'message.*',
      },
      {
        displayName: 'Rate per Second',
        name: 'ratePerSecond',
        type: 'number',
        typeOptions: { minValue: 1, maxValue: 100000 },
        default: 1000,
        description: 'Deliveries opened a second at most',
      },
      {
        displayName: 'Status',
        name: 'status',
        type: 'options',
        options: [
          { name: 'Any', value: 'any' },
          { name: 'Delivered', value: 'delivered' },
          { name: 'Given Up', value: 'exhausted' },
          { name: 'Not Sent', value: 'discarded' },
        ],
        default: 'any',
        description: 'How the last delivery ended. Not given: given up or not sent.',
      },
      {
        displayName: 'Until',
        name: 'until',
        type: 'dateTime',
        default: '',
        description: 'Messages before this time. Empty: now.',
      },
    ],
  },
]
