interface Said {
  detail: string
  mend?: string
}

/** What the doctor says, by code, with its values in braces; in English the server says it itself. */
export const findings: Readonly<Record<string, Said>> = {
  node: { detail: '{version}' },
  node_old: {
    detail: '{version}',
    mend: 'O Pombo precisa do Node 24 ou mais novo. Num checkout, "npm ci" o instala; inicie o Pombo com "npm start".',
  },
  guard_open: {
    detail: '{ranges} deixa os endpoints terem qualquer endereço',
    mend: 'Quem pode criar um endpoint alcança toda a sua rede. Ponha em POMBO_ALLOW_SUBNETS só as faixas em que estão os receptores.',
  },
  guard_metadata: {
    detail: '{ranges} contém os serviços de metadados das nuvens',
    mend: 'Quem pode criar um endpoint pode ler lá as credenciais da máquina. Retire de POMBO_ALLOW_SUBNETS.',
  },
  guard_public: { detail: 'os endpoints só podem ter endereços públicos' },
  guard_listed: { detail: 'além de endereços públicos, os endpoints podem ter {ranges}' },
  https_off: {
    detail: 'em produção, endpoints http: são aceitos',
    mend: 'Conteúdos e assinaturas viajam às claras. Defina POMBO_HTTPS_ONLY=true, se não ficarem na sua própria rede.',
  },
  metrics_open: {
    detail: 'quem alcança {address} pode ler /metrics',
    mend: 'Defina POMBO_METRICS_TOKEN, ou mantenha esse endereço interno.',
  },
  dns: { detail: '{name} é {address} ({ms} ms)' },
  dns_slow: {
    detail: '{name} levou {ms} ms para ser resolvido',
    mend: 'Cada conexão nova espera por isso. Um resolvedor próximo, ou um cache, ajuda.',
  },
  dns_away: {
    detail: '{reason}',
    mend: 'Endpoints com nomes não são alcançados enquanto esta máquina não puder resolvê-los (/etc/resolv.conf). Sem Internet, é o esperado.',
  },
  server: { detail: 'PostgreSQL {version}, banco {database}, como {user}' },
  server_old: {
    detail: 'PostgreSQL {version}, banco {database}, como {user}',
    mend: 'O Pombo precisa do PostgreSQL 15 ou mais novo: atualize-o.',
  },
  clock_same: { detail: 'o relógio do banco é o mesmo' },
  clock_ahead: {
    detail: 'o relógio do banco está {seconds} s adiantado',
    mend: 'Deixe as duas máquinas acertarem a hora por NTP. A hora assinada segue o banco, e receptores recusam as que diferem mais de 5 minutos.',
  },
  clock_behind: {
    detail: 'o relógio do banco está {seconds} s atrasado',
    mend: 'Deixe as duas máquinas acertarem a hora por NTP. A hora assinada segue o banco, e receptores recusam as que diferem mais de 5 minutos.',
  },
  durability: { detail: '{settings}' },
  durability_power: {
    detail: '{settings}',
    mend: 'Defina fsync = on e full_page_writes = on: sem eles, uma queda de energia pode destruir o banco.',
  },
  durability_commit: {
    detail: '{settings}',
    mend: 'Defina synchronous_commit = on para este banco ou papel (alter role … set synchronous_commit = on): a resposta 202 promete que a mensagem está em disco.',
  },
  encoding: {
    detail: 'o banco guarda {encoding}',
    mend: 'Crie um banco com codificação UTF8: os conteúdos são Unicode.',
  },
  autovacuum_off: {
    detail: 'está desligado, e assim a tabela do trabalho em aberto cresce sem fim',
    mend: 'Defina autovacuum = on.',
  },
  writing: { detail: '{user} pode escrever e criar tabelas' },
  writing_standby: {
    detail: 'o servidor é um standby',
    mend: 'Faça DATABASE_URL indicar o primário (com vários hosts: target_session_attrs=read-write).',
  },
  writing_read_only: {
    detail: 'as transações são, por padrão, só de leitura',
    mend: 'Retire default_transaction_read_only do servidor, do banco ou do papel {user}.',
  },
  writing_no_rights: {
    detail: '{user} não pode criar tabelas no esquema',
    mend: 'Dê a permissão (grant create, usage on schema public to "{user}"): as migrações e a partição de cada dia precisam dela.',
  },
  connections: { detail: '{open} abertas de {most}; esta configuração abre até {wanted}' },
  connections_too_many: {
    detail: '{open} abertas de {most}; esta configuração abre até {wanted}',
    mend: 'Diminua POMBO_DATABASE_CONNECTIONS (é por processo), ou aumente max_connections.',
  },
  connections_one_node: {
    detail: '{open} abertas de {most}; esta configuração abre até {wanted}',
    mend: 'Dois nós como este não cabem. Diminua POMBO_DATABASE_CONNECTIONS, ou aumente max_connections.',
  },
  pooler: {
    detail:
      'um pooler cede a conexão por uma transação de cada vez: cada uma define seus próprios limites',
  },
  pooler_none: { detail: 'as conexões mantêm sua sessão' },
  schema: { detail: 'versão {version}' },
  schema_none: {
    detail: 'ainda nenhum; o primeiro "pombo serve" ou "pombo migrate" cria a versão {known}',
  },
  schema_older: {
    detail: 'versão {version}; este Pombo traz a {known}',
    mend: 'É atualizado no próximo "pombo serve" ou "pombo migrate".',
  },
  schema_newer: {
    detail: 'versão {version}, mais nova que a {known} deste Pombo, ao qual ela serve',
    mend: 'Nada, enquanto uma atualização está em curso; depois atualize este nó também.',
  },
  schema_too_new: {
    detail:
      'versão {version}, que serve a um Pombo que conhece a versão {from} ou mais nova; este conhece a {known}',
    mend: 'Inicie o Pombo mais novo que a criou, ou restaure um backup de antes da atualização.',
  },
  tables_forbidden: {
    detail: '{user} não pode usar {tables}',
    mend: 'Dê a permissão: grant select, insert, update, delete on all tables in schema public to "{user}".',
  },
  nodes: { detail: '{count} em execução: {nodes}' },
  nodes_none: { detail: 'nenhum em execução' },
  partitions: { detail: '{count}, criadas para hoje e amanhã' },
  partitions_later: { detail: 'as de hoje e amanhã são criadas no próximo início' },
  partitions_missing: {
    detail: 'faltam: {missing}',
    mend: 'Um nó em execução deveria tê-las criado; o log dele diz por que não pôde. Até lá, as mensagens desse dia não podem ser guardadas.',
  },
  keys_none_yet: { detail: 'ainda nenhuma; são criadas no primeiro início' },
  keys_none: {
    detail: '{total} valores estão cifrados e não há chave',
    mend: 'Defina POMBO_ENCRYPTION_KEYS com as chaves que os outros nós têm.',
  },
  keys_lost: {
    detail:
      '{count} de {total} valores estão cifrados com uma chave que não está entre as definidas',
    mend: 'Acrescente a chave que falta no fim de POMBO_ENCRYPTION_KEYS (ou restaure o arquivo encryption-keys da pasta de dados).',
  },
  keys: { detail: '{count} em {where}; abrem todos os {total} valores' },
  keys_old: {
    detail:
      '{count} em {where}; abrem todos os {total} valores, {old} deles ainda sob uma chave mais antiga',
  },
  queue: { detail: '{dead} linhas mortas na tabela do trabalho em aberto' },
  queue_held: {
    detail:
      '{dead} linhas mortas na tabela do trabalho em aberto; nenhuma pode ser limpa desde que a transação do processo {pid} ({name}) começou, há {age}',
    mend: 'Encerre-a: select pg_terminate_backend({pid}). Um relatório longo ou um dump pertence a um standby.',
  },
  queue_dead: {
    detail: '{dead} linhas mortas na tabela do trabalho em aberto',
    mend:
      'Um Pombo em execução a limpa a cada dez segundos, se as tabelas forem do seu papel (role). Slots de replicação ' +
      'que ninguém lê e transações preparadas o impedem (pg_replication_slots, pg_prepared_xacts). À mão: vacuum work.',
  },
  broker_read: { detail: 'o que alimenta uma fonte é lido' },
  brokers_read: { detail: '{count} são lidos' },
  broker_trouble: {
    detail: 'a fonte {name} ({id}) está em {state} em {node} desde {since}: {reason}',
    mend: 'Conserte o broker, ou dê à fonte outros dados (PATCH no broker dela); o que espera lá é lido então.',
  },
  destination_works: { detail: 'o que existe funciona' },
  destinations_work: { detail: '{count} funcionam' },
  destination_trouble: {
    detail: 'o endpoint {id} ({address}) falha desde {since}: {reason}',
    mend: 'Conserte o outro lado, ou dê ao endpoint outro destino (PATCH nele); o que espera sai então.',
  },
  replication: { detail: '{standbys}' },
  replication_none_asked: {
    detail: '{standbys}; nenhum precisa ter um commit antes de ele ser respondido',
    mend: 'Defina synchronous_standby_names, ou um primário que morre leva consigo as mensagens das últimas respostas.',
  },
  replication_no_wait: {
    detail: '{standbys}; synchronous_commit={commit} não espera por eles',
    mend: 'Defina synchronous_commit = on para este banco ou papel.',
  },
  replication_waits: {
    detail:
      'nenhum standby está conectado, e synchronous_standby_names é "{names}": os commits esperam até que um esteja',
    mend: 'Inicie o standby, ou retire o nome dele de synchronous_standby_names.',
  },
  replica: { detail: '{where} está no máximo {ms} ms atrasado' },
  replica_unused: {
    detail: '{where} não é usado: {reason}',
    mend: 'Até ser consertado, listas e estatísticas são lidas do primário. Veja POMBO_READ_DATABASE_URL e POMBO_READ_MAX_LAG_MS.',
  },
}
