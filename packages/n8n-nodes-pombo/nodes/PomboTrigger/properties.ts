import type { INodeProperties } from 'n8n-workflow'

export const triggerProperties: INodeProperties[] = [
  {
    displayName: 'Application Name or ID',
    name: 'application',
    type: 'options',
    typeOptions: { loadOptionsMethod: 'getApplications' },
    required: true,
    default: '',
    description:
      'Choose from the list, or specify an ID using an <a href="https://docs.n8n.io/code/expressions/">expression</a>',
    hint: 'Of a WhatsApp gateway each session is an application',
  },
  {
    displayName: 'Event Types',
    name: 'eventTypes',
    type: 'string',
    typeOptions: { multipleValues: true, multipleValueButtonText: 'Add Event Type' },
    default: [],
    placeholder: 'message.received',
    description: 'Only these; message.* means all below. None: all.',
  },
  {
    displayName: 'Sessions',
    name: 'sessions',
    type: 'string',
    typeOptions: { multipleValues: true, multipleValueButtonText: 'Add Session' },
    default: [],
    placeholder: 'loja',
    description: 'Of WhatsApp events, only those of these sessions. None: all.',
  },
  {
    displayName: 'Chats',
    name: 'chats',
    type: 'string',
    typeOptions: { multipleValues: true, multipleValueButtonText: 'Add Chat' },
    default: [],
    placeholder: '5511999990001',
    description: 'Of events in a chat, only those in these, by JID or by phone number. None: all.',
  },
  {
    displayName: 'Respond',
    name: 'respond',
    type: 'options',
    options: [
      {
        name: 'At Once',
        value: 'onReceived',
        description: 'The event counts as delivered when the workflow starts',
      },
      {
        name: 'When the Workflow Has Ended',
        value: 'lastNode',
        description:
          'An event whose workflow fails is sent again by Pombo. It may take 60 seconds at most.',
      },
    ],
    default: 'onReceived',
    description: 'When Pombo is told that the event has arrived',
  },
  {
    displayName: 'Options',
    name: 'options',
    type: 'collection',
    placeholder: 'Add option',
    default: {},
    options: [
      {
        displayName: 'Chat Kinds',
        name: 'chatKinds',
        type: 'multiOptions',
        options: [
          { name: 'Broadcast', value: 'broadcast' },
          { name: 'Channel', value: 'channel' },
          { name: 'Group', value: 'group' },
          { name: 'Person', value: 'person' },
          { name: 'Status', value: 'status' },
        ],
        default: [],
        description: 'Of events in a chat, only those in chats of these kinds',
      },
      {
        displayName: 'Description',
        name: 'description',
        type: 'string',
        default: '',
        description: 'Shown beside the endpoint in Pombo. Empty: the name of the workflow.',
      },
      {
        displayName: 'Events per Execution',
        name: 'eventsPerExecution',
        type: 'number',
        typeOptions: { minValue: 1, maxValue: 1000 },
        default: 1,
        description:
          'How many events may start one execution, an item each. Above 1 they are waited for, up to a second.',
      },
      {
        displayName: 'Filter',
        name: 'filter',
        type: 'string',
        default: '',
        placeholder: 'payload.amount > 100',
        description:
          'An expression in CEL over payload, eventType, channels and tags; only events for which it is true',
      },
      {
        displayName: 'From',
        name: 'fromMe',
        type: 'options',
        options: [
          { name: 'Anyone', value: 'any' },
          { name: 'Others', value: 'others' },
          { name: 'The Account Itself', value: 'own' },
        ],
        default: 'any',
        description: 'Of messages, edits, reactions and votes, whose are wanted',
      },
      {
        displayName: 'On Deactivation',
        name: 'onDeactivation',
        type: 'options',
        options: [
          {
            name: 'Remove the Endpoint',
            value: 'remove',
            description: 'What was still to be delivered is not sent any more',
          },
          {
            name: 'Pause the Endpoint',
            value: 'pause',
            description: 'Events wait in Pombo until the workflow is active again',
          },
        ],
        default: 'remove',
        description: 'What becomes of the endpoint when the workflow is deactivated',
      },
      {
        displayName: 'Requests at a Time',
        name: 'maxInFlight',
        type: 'number',
        typeOptions: { minValue: 1, maxValue: 1000 },
        default: 5,
        description: 'How many events Pombo delivers to the workflow side by side',
      },
    ],
  },
]
