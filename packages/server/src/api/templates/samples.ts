/** A customer's question, as any of the gateways brings it in. */
export const question = {
  eventType: 'message.received',
  payload: {
    type: 'message.received',
    session: 'loja-centro',
    at: '2026-01-31T09:30:40.000Z',
    chat: { id: '5511987650001@s.whatsapp.net' },
    sender: { name: 'Ana Souza', phone: '5511987650001' },
    fromMe: false,
    message: { id: '3EB0C431C26A1916E07A' },
    content: { type: 'text', text: 'Oi! Vocês abrem hoje? <3 & mais' },
  },
}

/** What a shop's own system tells. */
export const order = {
  eventType: 'order.paid',
  payload: { order: 1042, total: 89.9, currency: 'BRL', customer: 'Ana Souza' },
}
