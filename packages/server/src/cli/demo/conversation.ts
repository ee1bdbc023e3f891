import { seededRandom } from '../sink/mischief.ts'

/** A WhatsApp event as a shop's gateway would report it. */
export interface Said {
  eventType: 'message.received' | 'message.sent' | 'message.delivered' | 'message.read'
  orderingKey: string
  payload: {
    type: string
    session: string
    timestamp: number
    chat: string
    message: { id: string }
    sender?: { name: string; phone: string }
    content?: { type: 'text'; text: string } | ({ type: 'image' } & ReturnType<typeof photo>)
    /** Of a receipt: the message's id, which no other receipt has. */
    about?: string
  } & Record<string, unknown>
}

const customers = [
  { name: 'Ana Souza', phone: '5511987650001' },
  { name: 'Bruno Lima', phone: '5521987650002' },
  { name: 'Carla Nunes', phone: '5531987650003' },
  { name: 'Diego Alves', phone: '5541987650004' },
  { name: 'Elisa Rocha', phone: '5551987650005' },
  { name: 'Fábio Teixeira', phone: '5561987650006' },
  { name: 'Gabriela Pinto', phone: '5571987650007' },
  { name: 'Heitor Barros', phone: '5581987650008' },
] as const

const questions = [
  'Oi! Vocês abrem hoje?',
  'Bom dia, o pedido 4821 já saiu?',
  'Qual o valor do frete para o CEP 30140-071?',
  'Segue o comprovante do Pix 👍',
  'Tem bolo de cenoura ainda?',
  'Preciso trocar o tamanho da camiseta',
  'Pode mandar a segunda via do boleto?',
  'Obrigada, chegou tudo certinho! 🎉',
] as const

const answers = [
  'Bom dia! Estamos abertos até as 18h.',
  'Seu pedido saiu para entrega às 14h20.',
  'O frete fica em R$ 18,90, chega em 2 dias úteis.',
  'Recebemos o seu pagamento, obrigado!',
] as const

/** An endless conversation of a shop with its customers, the same for the same seed. Ids repeat nowhere in one run. */
export function* conversation(seed: number, now: () => number): Generator<Said, never> {
  const random = seededRandom(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const chats = new Map<string, string>()
  for (let number = 1; ; number++) {
    const customer = pick(customers)
    const chat = `${customer.phone}@s.whatsapp.net`
    const lastSent = chats.get(chat)
    const id = `3EB0${number.toString(16).toUpperCase().padStart(8, '0')}${Math.floor(
      random() * 0xffff_ffff,
    )
      .toString(16)
      .toUpperCase()
      .padStart(8, '0')}`
    const drawn = random()
    const base = { session: 'loja-centro', timestamp: Math.floor(now() / 1_000), chat }
    const event = (eventType: Said['eventType'], rest: Partial<Said['payload']>): Said => ({
      eventType,
      orderingKey: chat,
      payload: { type: eventType, ...base, message: { id }, ...rest },
    })
    if (lastSent !== undefined && drawn < 0.3) {
      chats.delete(chat)
      yield event(drawn < 0.15 ? 'message.delivered' : 'message.read', {
        about: lastSent,
        by: customer.phone,
      })
    } else if (drawn < 0.5) {
      chats.set(chat, id)
      yield event('message.sent', { fromMe: true, content: { type: 'text', text: pick(answers) } })
    } else if (drawn < 0.6) {
      yield event('message.received', {
        sender: customer,
        content: { type: 'image', ...photo(random) },
      })
    } else {
      yield event('message.received', {
        sender: customer,
        content: { type: 'text', text: pick(questions) },
      })
    }
  }
}

function photo(random: () => number) {
  return {
    caption: 'comprovante',
    mimetype: 'image/jpeg',
    fileLength: 40_000 + Math.floor(random() * 200_000),
    width: 1_080,
    height: 1_350,
  }
}
