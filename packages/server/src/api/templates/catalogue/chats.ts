import { saying } from '../said.ts'
import { question } from '../samples.ts'
import { quoted, type Template, type TemplateField } from '../template.ts'

/** Messages of a chat, which take their text in a member of their own. */

const webhook = (example: string, where: TemplateField['help'] & object): TemplateField => ({
  name: 'url',
  label: { en: 'Webhook address', 'pt-BR': 'Endereço do webhook' },
  help: where,
  kind: 'url',
  example,
})

/** Slack reads `&`, `<` and `>` as markup of its own. */
const escaped = (text: string): string =>
  `${text}.split("&").join("&amp;").split("<").join("&lt;").split(">").join("&gt;")`

export const slack: Template = {
  id: 'slack',
  name: 'Slack',
  kind: 'chat',
  about: {
    en: 'A message in a channel for each event.',
    'pt-BR': 'Uma mensagem em um canal para cada evento.',
  },
  docs: 'https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/',
  fields: [
    webhook('https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXX', {
      en: 'Of an app with Incoming Webhooks, made for the channel.',
      'pt-BR': 'De um app com Incoming Webhooks, criado para o canal.',
    }),
  ],
  sample: question,
  endpoint: ({ url }) => ({
    url: url!,
    transform: { payload: saying(3_000, (said) => `{"text": ${escaped(said)}}`) },
    throttleRate: 1,
  }),
}

export const discord: Template = {
  id: 'discord',
  name: 'Discord',
  kind: 'chat',
  about: {
    en: 'A message in a channel for each event; nobody is pinged by what it says.',
    'pt-BR': 'Uma mensagem em um canal para cada evento; o texto não menciona ninguém.',
  },
  docs: 'https://discord.com/developers/docs/resources/webhook#execute-webhook',
  fields: [
    webhook('https://discord.com/api/webhooks/1234567890/token', {
      en: 'Channel settings → Integrations → Webhooks → Copy webhook URL.',
      'pt-BR': 'Configurações do canal → Integrações → Webhooks → Copiar URL do webhook.',
    }),
  ],
  sample: question,
  endpoint: ({ url }) => ({
    url: url!,
    transform: {
      payload: saying(1_900, (said) => `{"content": ${said}, "allowed_mentions": {"parse": []}}`),
    },
    throttleRate: 5,
    throttleWindowMs: 2_000,
  }),
}

export const teams: Template = {
  id: 'teams',
  name: 'Microsoft Teams',
  kind: 'chat',
  about: {
    en: 'A card in a channel or chat for each event, by a workflow that takes webhook requests.',
    'pt-BR': 'Um cartão em um canal ou chat para cada evento, por um fluxo que recebe webhooks.',
  },
  docs:
    'https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/' +
    'connectors-using#example',
  fields: [
    webhook('https://prod-00.westus.logic.azure.com/workflows/0123/triggers/manual/paths/invoke', {
      en: 'Of the workflow “Post to a channel when a webhook request is received”.',
      'pt-BR': 'Do fluxo “Postar em um canal quando uma solicitação de webhook for recebida”.',
    }),
  ],
  sample: question,
  endpoint: ({ url }) => ({
    url: url!,
    transform: {
      payload: saying(
        8_000,
        (said) =>
          '{"type": "message", "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", ' +
          '"contentUrl": null, "content": {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", ' +
          '"type": "AdaptiveCard", "version": "1.2", ' +
          `"body": [{"type": "TextBlock", "wrap": true, "text": ${said}}]}}]}`,
      ),
    },
    throttleRate: 4,
  }),
}

export const telegram: Template = {
  id: 'telegram',
  name: 'Telegram',
  kind: 'chat',
  about: {
    en: 'A message of your bot in a chat, a group or a channel for each event.',
    'pt-BR': 'Uma mensagem do seu bot em uma conversa, um grupo ou um canal para cada evento.',
  },
  docs: 'https://core.telegram.org/bots/api#sendmessage',
  fields: [
    {
      name: 'token',
      label: { en: 'Token of the bot', 'pt-BR': 'Token do bot' },
      help: { en: 'From @BotFather.', 'pt-BR': 'Do @BotFather.' },
      kind: 'secret',
      example: '123456789:AAF-abcdefghijklmnopqrstuvwxyz01234',
      pattern: '\\d+:[\\w-]+',
    },
    {
      name: 'chat',
      label: { en: 'Chat', 'pt-BR': 'Conversa' },
      help: {
        en: 'The number of a chat or group, or the @name of a channel that the bot may write in.',
        'pt-BR':
          'O número de uma conversa ou grupo, ou o @nome de um canal onde o bot pode escrever.',
      },
      kind: 'text',
      example: '-1001234567890',
      pattern: '-?\\d+|@\\w+',
    },
    {
      name: 'server',
      label: { en: 'Server', 'pt-BR': 'Servidor' },
      help: {
        en: 'Only where you run a Bot API server of your own.',
        'pt-BR': 'Só se você roda um servidor próprio da Bot API.',
      },
      kind: 'url',
      example: 'https://api.telegram.org',
      optional: true,
    },
  ],
  sample: question,
  endpoint: ({ token, chat, server = 'https://api.telegram.org' }) => ({
    url: `${server.replace(/\/+$/, '')}/bot${token!}/sendMessage`,
    transform: {
      payload: saying(
        2_000,
        (said) =>
          `{"chat_id": ${quoted(chat!)}, "text": ${said}, "link_preview_options": {"is_disabled": true}}`,
      ),
    },
    throttleRate: 1,
  }),
}
