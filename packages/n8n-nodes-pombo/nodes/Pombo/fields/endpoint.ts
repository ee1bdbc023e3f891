import type { INodeProperties } from 'n8n-workflow'

const show = { resource: ['endpoint'], operation: ['create'] }

export const endpointFields: INodeProperties[] = [
  {
    displayName: 'URL',
    name: 'url',
    type: 'string',
    required: true,
    default: '',
    placeholder: 'https://crm.example.com/hook',
    displayOptions: { show },
    description: 'Where its events are sent',
  },
  {
    displayName: 'Settings',
    name: 'settings',
    type: 'collection',
    placeholder: 'Add setting',
    default: {},
    displayOptions: { show },
    options: [
      { displayName: 'Description', name: 'description', type: 'string', default: '' },
      {
        displayName: 'Event Types',
        name: 'eventTypes',
        type: 'string',
        typeOptions: { multipleValues: true },
        default: [],
        placeholder: 'message.*',
        description: 'Only these. None: all.',
      },
      {
        displayName: 'Filter',
        name: 'filter',
        type: 'string',
        default: '',
        placeholder: 'payload.amount > 100',
        description: 'An expression in CEL; only events for which it is true',
      },
      {
        displayName: 'Keep Order',
        name: 'ordered',
        type: 'boolean',
        default: false,
        description: 'Whether the events of one ordering key are sent one after the other',
      },
      {
        displayName: 'Requests at a Time',
        name: 'maxInFlight',
        type: 'number',
        typeOptions: { minValue: 1, maxValue: 1000 },
        default: 20,
      },
      {
        displayName: 'UID',
        name: 'uid',
        type: 'string',
        default: '',
        description: 'Your own ID for it, unique in the application',
      },
    ],
  },
]
