import { saying } from '../said.ts'
import { question } from '../samples.ts'
import { below, quoted, type Template, type TemplateField } from '../template.ts'

/** Systems that work with the events themselves. */

const base = (example: string): TemplateField => ({
  name: 'url',
  label: { en: 'Address', 'pt-BR': 'Endereço' },
  kind: 'url',
  example,
})
const secret: TemplateField = {
  name: 'secret',
  label: { en: 'Secret', 'pt-BR': 'Segredo' },
  help: {
    en: 'With which it checks the signature. Left out, Pombo makes one.',
    'pt-BR': 'Com o qual ele confere a assinatura. Sem ele, o Pombo cria um.',
  },
  kind: 'secret',
  example: 'a-secret-of-both',
  optional: true,
}

export const n8n: Template = {
  id: 'n8n',
  name: 'n8n',
  kind: 'workflow',
  about: {
    en: 'Starts a workflow by its Webhook node, with the event’s type beside its data.',
    'pt-BR': 'Inicia um fluxo pelo nó Webhook, com o tipo do evento ao lado dos dados.',
  },
  docs: 'https://docs.n8n.io/integrations/builtin/core-nodes/n8n-nodes-base.webhook/',
  fields: [
    {
      ...base('https://n8n.example.com/webhook/whatsapp'),
      help: {
        en: 'The Production URL of the Webhook node, with the method POST.',
        'pt-BR': 'A Production URL do nó Webhook, com o método POST.',
      },
    },
    {
      name: 'header',
      label: { en: 'Header', 'pt-BR': 'Cabeçalho' },
      help: {
        en: 'Where the node asks for Header Auth: its name …',
        'pt-BR': 'Se o nó pede Header Auth: o nome …',
      },
      kind: 'text',
      example: 'X-N8N-Key',
      pattern: "[\\w!#$%&'*+.^`|~-]+",
      optional: true,
    },
    {
      name: 'value',
      label: { en: 'Its value', 'pt-BR': 'O valor' },
      help: { en: '… and its value.', 'pt-BR': '… e o valor.' },
      kind: 'secret',
      example: 'a-secret-of-both',
      optional: true,
    },
  ],
  sample: question,
  endpoint: ({ url, header, value = '' }) => ({
    url: url!,
    transform: { payload: '{"type": eventType, "timestamp": timestamp, "data": payload}' },
    ...(header !== undefined && { headers: { [header]: value } }),
  }),
}

export const evolution: Template = {
  id: 'evolution',
  name: 'Evolution API',
  kind: 'system',
  about: {
    en: 'For who takes webhooks of Evolution API: the same bodies, names and addresses.',
    'pt-BR': 'Para quem recebe webhooks da Evolution API: os mesmos corpos, nomes e endereços.',
  },
  docs: 'https://doc.evolution-api.com/v2/en/configuration/webhooks',
  fields: [
    base('https://crm.example.com/webhook/evolution'),
    {
      name: 'apikey',
      label: { en: 'API key in the body', 'pt-BR': 'Chave de API no corpo' },
      help: {
        en: 'Where the receiver checks the member apikey.',
        'pt-BR': 'Se quem recebe confere o membro apikey.',
      },
      kind: 'secret',
      example: 'B6D711FCDE4D4FD5936544120E713976',
      optional: true,
    },
  ],
  sample: question,
  endpoint: ({ url, apikey }) => ({
    url: url!,
    dialect: 'evolution',
    dialectOptions: apikey === undefined ? {} : { apikey },
  }),
}

export const zaphub: Template = {
  id: 'zaphub',
  name: 'zaphub',
  kind: 'system',
  about: {
    en: 'For who takes webhooks of zaphub: its envelope, its headers and its signature.',
    'pt-BR': 'Para quem recebe webhooks do zaphub: o envelope, os cabeçalhos e a assinatura dele.',
  },
  fields: [base('https://crm.example.com/webhook/zaphub'), secret],
  sample: question,
  endpoint: ({ url, secret: given }) => ({
    url: url!,
    dialect: 'zaphub',
    ...(given !== undefined && { secret: given }),
  }),
}

export const chatwoot: Template = {
  id: 'chatwoot',
  name: 'Chatwoot',
  kind: 'system',
  about: {
    en: 'A private note in a conversation for each event, which your agents see and customers do not.',
    'pt-BR':
      'Uma nota privada em uma conversa para cada evento, que os agentes veem e os clientes não.',
  },
  docs: 'https://developers.chatwoot.com/api-reference/messages/create-new-message',
  fields: [
    base('https://app.chatwoot.com'),
    {
      name: 'account',
      label: { en: 'Account', 'pt-BR': 'Conta' },
      help: {
        en: 'Its number, in the address of any page.',
        'pt-BR': 'O número, no endereço de qualquer página.',
      },
      kind: 'text',
      example: '1',
      pattern: '\\d+',
    },
    {
      name: 'conversation',
      label: { en: 'Conversation', 'pt-BR': 'Conversa' },
      help: {
        en: 'Its number; or leave it out, and payloads name it in conversationId.',
        'pt-BR': 'O número; ou deixe em branco, e os dados o trazem em conversationId.',
      },
      kind: 'text',
      example: '42',
      pattern: '\\d+',
      optional: true,
    },
    {
      name: 'token',
      label: { en: 'Access token', 'pt-BR': 'Token de acesso' },
      help: {
        en: 'Of an agent: Profile settings.',
        'pt-BR': 'De um agente: configurações do perfil.',
      },
      kind: 'secret',
      example: 'an-access-token',
    },
  ],
  sample: { ...question, payload: { ...question.payload, conversationId: 42 } },
  endpoint: ({ url, account, conversation, token }) => ({
    url: below(url!, `/api/v1/accounts/${account!}/conversations`),
    headers: { api_access_token: token! },
    transform: {
      path:
        conversation === undefined
          ? '"/" + string(payload.conversationId) + "/messages"'
          : quoted(`/${conversation}/messages`),
      payload: saying(
        20_000,
        (said) => `{"content": ${said}, "message_type": "outgoing", "private": true}`,
      ),
    },
  }),
}

export const typebot: Template = {
  id: 'typebot',
  name: 'Typebot',
  kind: 'workflow',
  about: {
    en: 'Starts a bot with what the event says; its data are in variables of the bot.',
    'pt-BR': 'Inicia um bot com o que o evento diz; os dados vão em variáveis do bot.',
  },
  docs: 'https://docs.typebot.io/api-reference/chat/start-chat',
  fields: [
    {
      ...base('https://typebot.io'),
      help: {
        en: 'Of the viewer, where you run Typebot yourself.',
        'pt-BR': 'Do viewer, se você mesmo roda o Typebot.',
      },
    },
    {
      name: 'bot',
      label: { en: 'Public id of the bot', 'pt-BR': 'Id público do bot' },
      help: { en: 'Share → the end of its address.', 'pt-BR': 'Share → o fim do endereço.' },
      kind: 'text',
      example: 'my-bot-x3k9',
      pattern: '[\\w-]+',
    },
  ],
  sample: question,
  endpoint: ({ url, bot }) => ({
    url: below(url!, `/api/v1/typebots/${bot!}/startChat`),
    transform: {
      payload: saying(
        4_000,
        (said) =>
          `{"message": {"type": "text", "text": ${said}}, "isStreamEnabled": false, ` +
          '"prefilledVariables": {"Event type": eventType, "Message id": messageId, "Payload": json(payload)}}',
      ),
    },
  }),
}
