import type { ErrorCode } from '../../../../../server/src/core/error.ts'
import type { refusalSentences } from '../../../../../server/src/core/sentences/refusals.ts'

/** What a refusal says beyond its kind. */
export const refusals: Readonly<Record<keyof typeof refusalSentences, string>> = {
  endpoint_deleted: 'O endpoint foi excluído, e a requisição dele não pode ser refeita.',
  no_request: 'Não houve requisição: {problem}',
  delivery_not_open: 'Esta entrega não está aberta, ou está sendo enviada neste momento.',
  task_over: 'A tarefa "{id}" já terminou ({status}).',
  event_id_taken: 'Uma mensagem com o eventId "{id}" já foi aceita.',
  event_taken: 'Este evento já foi aceito.',
  secrets_enough:
    'Este endpoint já assina com {count} segredos; troque de novo quando um deles vencer, ou sem manter o atual.',
  role_short: 'O papel da chave é "{held}", e isto pede "{needed}".',
  one_app_only: 'A chave alcança um só app, e isto é para as chaves da conta inteira.',
  one_app_source: 'A chave alcança um só app, e uma fonte de qualquer sessão alcançaria todas.',
  operator_only: 'Isto é para as chaves de quem opera o Pombo, as do primeiro tenant.',
  send_only: 'A chave só pode enviar mensagens.',
  poll_only: 'A chave só pode ler o seu endpoint de consulta.',
  no_session: 'Veio uma chave, e nenhuma sessão: não há de onde sair.',
  header_missing: 'Falta o cabeçalho Authorization.',
  header_not_bearer: 'O cabeçalho Authorization não é "Bearer <chave>".',
  other_origin: 'O pedido vem de uma página de outra origem.',
  origin_is: 'O pedido vem de {origin}.',
  csrf_missing: 'Falta o cabeçalho {header}, que protege contra pedidos forjados.',
  viewers_enough: '{count} pessoas já acompanham neste nó.',
  stopping: 'Este nó está parando.',
}

/** What a refusal of a kind says, where nothing tells more; empty: its name says all; null: only Pombo's own words do. */
export const kinds: Readonly<Record<ErrorCode, string | null>> = {
  bad_json: null,
  bad_request: null,
  bad_encoding: 'O corpo não é {encoding}: o byte {at}, contado de 0, está errado.',
  bad_compression: 'O corpo não pode ser descompactado como {encoding}.',
  unsupported_encoding: 'O Content-Encoding "{given}" não é lido.',
  unsupported_media_type: 'Espera-se {expected}; veio {given}.',
  authentication_failed: '',
  ingest_unauthorised: 'Não há um token de entrada que valha.',
  bad_signature: 'A requisição não está assinada com o segredo da fonte "{source}".',
  permission_denied: '',
  forged_request: '',
  link_refused: '',
  not_found: 'Não há nada com o id "{id}".',
  no_route: 'Não existe {method} {path}.',
  method_not_allowed: 'Não existe {method} {path}; existe {allowed}.',
  conflict: null,
  idempotency_mismatch: 'A Idempotency-Key "{key}" foi usada nas últimas 24 horas com outro corpo.',
  idempotency_in_progress: 'Um pedido com a Idempotency-Key "{key}" está em andamento.',
  payload_gone: 'O conteúdo da mensagem "{id}" foi apagado, e assim ela não pode ser reenviada.',
  payload_sealed: 'O conteúdo de "{id}" não pode ser aberto.',
  too_large: 'O corpo passa de {limitBytes} bytes (POMBO_MAX_BODY_BYTES).',
  inflates_too_much: 'Descompactado, o corpo fica mais de {ratio} vezes maior.',
  validation: null,
  rate_limited: 'Mais de {rate} mensagens por segundo.',
  too_many_sign_ins: '{count} entradas deste endereço falharam em um minuto.',
  not_offered: 'Isto é do Svix, e não é oferecido aqui.',
  overloaded: null,
  database_away:
    'O que foi pedido pode ter sido feito, e a resposta se perdeu: confira antes de repetir.',
}
