import type { fieldSentences } from '../../../../../server/src/core/sentences/fields.ts'

/** What is wrong with one field. */
export const fields: Readonly<Record<keyof typeof fieldSentences, string>> = {
  name_characters: 'Só letras, dígitos, "-", "_" e ".".',
  name_or_beginning:
    'O nome de um tipo de evento, ou um começo de nomes como message.* (tudo abaixo).',
  length_between: 'De {min} a {max} caracteres.',
  one_to_visible: 'De 1 a {max} caracteres ASCII visíveis.',
  one_to_without_colon: 'De 1 a {max} caracteres, sem dois-pontos.',
  one_to_characters: 'De 1 a {max} caracteres.',
  control_characters: 'Não pode ter quebras de linha nem caracteres de controle.',
  empty_means_all: 'Não pode ficar vazio; null quer dizer todos.',
  empty_left_out: 'Não pode ficar vazio; retire-o.',
  names_twice: 'Um dos nomes está repetido.',
  no_event_type: '"{name}" não é um tipo de evento.',
  no_chat: '"{name}" não é um JID nem um número de telefone.',
  none_of: '"{name}" não é nenhum destes: {options}.',
  one_of: 'Um destes: {options}.',
  entries_at_most: 'No máximo {limit} itens.',
  nests_deeper: 'Não pode ter mais de {limit} níveis.',
  one_flag: 'Só uma flag: tipos de evento não têm mais.',
  true_or_false: 'true ou false.',
  whole_between: 'Um número inteiro de {min} a {max}.',
  time_form: 'Uma data e hora como 2026-01-31T09:30:00Z.',
  cause_form: 'O código de uma causa, como refused.503 ou unreachable.dns.',
  such_as: 'Algo como {example}.',
  such_address: 'Um endereço como {example}.',
  uid_alone: 'É um uid, que só é único dentro de um app; informe também {name}.',
  iterator_of_list: 'Esta posição não é desta lista; recomece do início.',
  iterator_of_export: 'Esta posição não é desta exportação; recomece do início.',
  iterator_only_on: 'Uma busca só anda para a frente.',
  search_empty: 'Informe um texto, ou um filtro.',
  app_needed: 'É preciso escolher um app: há mais de {limit}.',
  header_name:
    '"{name}" não é um nome de cabeçalho: de 1 a 256 letras, dígitos e !#$%&\'*+-.^_`|~.',
  no_header_name: 'Não é um nome de cabeçalho.',
  header_reserved:
    '"{name}" é definido pelo Pombo ou pelo próprio HTTP e não pode ser definido aqui.',
  header_text: 'O valor de "{name}" precisa ser texto.',
  header_characters:
    'O valor de "{name}" tem uma quebra de linha, um caractere de controle ou um fora do Latin-1.',
  header_blank: 'O valor de "{name}" começa ou termina com um espaço, que o HTTP retira.',
  header_long: 'O valor de "{name}" tem mais de {limit} caracteres.',
  header_twice:
    '"{name}" aparece duas vezes; maiúsculas e minúsculas não distinguem nomes de cabeçalhos.',
  headers_many: 'São {count}, e podem ser no máximo {limit}.',
  headers_long: 'Juntos têm mais de {limit} caracteres.',
  secret_public:
    '"whpk_" é uma chave pública: confere, mas não assina. Informe a privada: "whsk_" e o base64 de 64 bytes, a semente Ed25519 e depois a chave pública.',
  secret_not_base64:
    'Um segredo de assinatura é "whsec_" e o base64 de 24 a 75 bytes aleatórios; o que vem depois do prefixo não é base64.',
  secret_empty:
    'Um segredo de assinatura é "whsec_" e o base64 de 24 a 75 bytes aleatórios; este está vazio.',
  secret_bytes:
    'Um segredo de assinatura é "whsec_" e o base64 de 24 a 75 bytes aleatórios; este tem {bytes} bytes.',
  secret_opaque_empty:
    'Um segredo de assinatura é qualquer texto, de preferência com 32 caracteres aleatórios ou mais; este está vazio.',
  private_not_base64:
    'Uma chave privada é "whsk_" e o base64 de 64 bytes, a semente Ed25519 e depois a chave pública; o que vem depois do prefixo não é base64.',
  private_bytes:
    'Uma chave privada é "whsk_" e o base64 de 64 bytes, a semente Ed25519 e depois a chave pública; esta tem {bytes} bytes.',
  private_halves:
    'Uma chave privada é "whsk_" e o base64 de 64 bytes, a semente Ed25519 e depois a chave pública; as duas metades desta não são uma da outra.',
  secret_again: 'Este endpoint já assina com este segredo.',
  secret_given: 'O formato "{dialect}" não gera segredos: informe um.',
  secret_by_rotation: 'Muda-se pela troca do segredo (POST …/secret/rotate); retire-o daqui.',
  certificate_expired: 'Há um certificado ({subject}) que venceu em {at}.',
  certificate_early: 'Há um certificado ({subject}) que só vale a partir de {at}.',
  certificate_weak:
    'Não pode ser usado: {reason}. Use RSA de 2048 bits ou mais, ou EC, assinado com SHA-256.',
  certificate_unusable: 'Não pode ser usado: {reason}.',
  key_passphrase: 'Está cifrada com uma senha; informe-a sem senha (openssl pkey -in key.pem).',
  key_missing: 'Não há uma chave privada em PEM aqui (-----BEGIN PRIVATE KEY-----).',
  key_unreadable: 'A chave privada não pode ser lida: está cortada ou alterada.',
  certificates_need_tls:
    'Certificados pedem um endereço https:, ou um destino por TLS; mude o endereço ou retire os certificados.',
  auth_beside_header: 'A autenticação e um cabeçalho Authorization se excluem; retire um dos dois.',
  auth_for_http: 'É só para HTTP; quem o Pombo é lá, diz o endereço do destino.',
  scope_form:
    'Um dos escopos não serve: de 1 a 256 caracteres ASCII visíveis, sem aspas nem barra invertida.',
  own_parameter: 'Não pode conter "{name}", que o próprio Pombo define.',
  unnamed_parameter: 'Há um parâmetro sem nome.',
  name_not_kept: 'É um nome que não pode ser guardado; escolha outro.',
  schema_draft:
    'Não é um JSON Schema: indica um draft desconhecido; conhecidos são draft-06, draft-07, 2019-09 e 2020-12.',
  schema_reference:
    'Não é um JSON Schema: a referência {reference} (de {id}) não leva a lugar nenhum.',
  schema_wrong: 'Não é um JSON Schema: {problem}',
  payload_check_late:
    'Demora demais para conferir com o schema de "{type}": simplifique os padrões, uniqueItems ou referências dele.',
  payload_unfit: 'Não corresponde ao schema de "{type}": {problem}',
  example_index: 'O tipo de evento "{type}" não tem um exemplo com esse número.',
  colour_form: 'Uma cor como #0f766e.',
  https_address: 'Um endereço que começa com https://.',
  origin_form: 'Uma origem como https://app.example.com, sem caminho.',
  no_person_path:
    'Não é um caminho: nomes unidos por pontos, "*" para qualquer membro e "**" para qualquer profundidade, ' +
    'como user.email ou **.phone.',
  nobody_named: 'Não indica ninguém: informe um usuário, um e-mail, um telefone ou chaves.',
  person_short: '"{text}" é curto demais para indicar uma pessoa: são ao menos 3 caracteres.',
  reason_to_discard: 'É preciso um motivo para descartar: fica guardado com cada entrega.',
  reason_with_discard: 'Só vale para descartar.',
  discard_open: 'Só se descarta o que espera ou será tentado de novo: o resto já está encerrado.',
  replay_closed: 'Não se reenvia o que espera ou será tentado de novo: já está a caminho.',
  filter_needed: 'Informe um filtro, ou as entregas; {} quer dizer tudo o que falhou.',
  before_kept: 'É antes do que se guarda: não há nada anterior a {at} ({days} dias).',
  step_kept:
    'Isso só se guarda por {days} dias: escolha um começo mais recente ou intervalos maiores.',
  step_grouped: 'No mínimo 3600 quando se agrupam mais de 6 horas.',
  step_points: 'São mais de {points} pontos; escolha intervalos maiores.',
  span_alone: 'Não vai junto com um começo; retire um dos dois.',
  until_with_since: 'Só vai junto com um começo.',
  since_before_until: 'O começo tem de vir antes do fim, e antes de agora.',
}
