import type { INodeProperties } from 'n8n-workflow'

const show = { resource: ['event'], operation: ['send'] }

export const eventFields: INodeProperties[] = [
  {
    displayName: 'Event Type',
    name: 'eventType',
    type: 'string',
    required: true,
    default: '',
    placeholder: 'order.paid',
    displayOptions: { show },
    description: 'Its name; endpoints ask for it, or for all below, as order.*',
  },
  {
    displayName: 'Payload',
    name: 'payload',
    type: 'json',
    required: true,
    default: '={{ $json }}',
    displayOptions: { show },
    description: 'Any JSON; it is what the endpoints get',
  },
  {
    displayName: 'Options',
    name: 'options',
    type: 'collection',
    placeholder: 'Add option',
    default: {},
    displayOptions: { show },
    options: [
      {
        displayName: 'Channels',
        name: 'channels',
        type: 'string',
        typeOptions: { multipleValues: true },
        default: [],
        description: 'Only endpoints on one of these channels, or on none, get it',
      },
      {
        displayName: 'Event ID',
        name: 'eventId',
        type: 'string',
        default: '',
        description:
          'Your own ID of the event. A second one with it comes out as a duplicate and is not sent.',
      },
      {
        displayName: 'Ordering Key',
        name: 'orderingKey',
        type: 'string',
        default: '',
        description: 'Endpoints that ask for order get the events of one key one after the other',
      },
      {
        displayName: 'Priority',
        name: 'priority',
        type: 'options',
        options: [
          { name: 'High', value: 'high' },
          { name: 'Low', value: 'low' },
          { name: 'Normal', value: 'normal' },
        ],
        default: 'normal',
        description: 'Its share of the work when there is more than can be sent',
      },
      {
        displayName: 'Tags',
        name: 'tags',
        type: 'string',
        typeOptions: { multipleValues: true },
        default: [],
        description: 'To find the event by later',
      },
    ],
  },
]
