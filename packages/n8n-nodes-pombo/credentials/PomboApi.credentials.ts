import type {
  IAuthenticateGeneric,
  Icon,
  ICredentialTestRequest,
  ICredentialType,
  INodeProperties,
} from 'n8n-workflow'

/** Where Pombo is, and the key that it knows n8n by. */
export class PomboApi implements ICredentialType {
  name = 'pomboApi'

  displayName = 'Pombo API'

  icon: Icon = { light: 'file:../icons/pombo.svg', dark: 'file:../icons/pombo.dark.svg' }

  documentationUrl = 'https://www.npmjs.com/package/n8n-nodes-pombo#credentials'

  properties: INodeProperties[] = [
    {
      displayName: 'URL',
      name: 'url',
      type: 'string',
      required: true,
      default: '',
      placeholder: 'https://pombo.example.com',
      description: 'The address of Pombo, as n8n reaches it',
    },
    {
      displayName: 'API Key',
      name: 'apiKey',
      type: 'string',
      typeOptions: { password: true },
      required: true,
      default: '',
      description: 'A key of the tenant, or a token of one application',
    },
  ]

  authenticate: IAuthenticateGeneric = {
    type: 'generic',
    properties: {
      headers: { Authorization: '=Bearer {{$credentials.apiKey}}' },
    },
  }

  test: ICredentialTestRequest = {
    request: {
      baseURL: '={{$credentials.url.replace(/\\/+$/, "")}}',
      url: '/api/v1/auth/whoami',
    },
  }
}
