/** The variables that other programs' settings are taken over by. */
export const dialectVariables: Readonly<Record<string, string>> = {
  WEBHOOK_MAX_RETRIES: 'Novas tentativas depois de uma primeira que falhou.',
  WEBHOOK_RETRY_DELAY: 'Pausa antes da primeira nova tentativa; dobra a cada uma.',
  WEBHOOK_TIMEOUT: 'Prazo da troca inteira.',
  WEBHOOK_QUEUE_SIZE:
    'Máximo de eventos que podem esperar pelo webhook de uma sessão; além disso, os eventos dela são respondidos com 503 e Retry-After.',
  WEBHOOK_WORKERS:
    'Máximo de requisições simultâneas ao webhook de uma sessão, para os definidos daqui em diante.',
  WEBHOOK_ENABLE_LOGS:
    'Responder em /api/whatsmeow/webhook/logs. O que foi entregue fica registrado de todo modo.',
  WEBHOOK_LOG_RETENTION:
    'Até quando /api/whatsmeow/webhook/logs alcança. Quanto tempo fica guardado, POMBO_RETENTION_DAYS diz.',
  WEBHOOK_TIMEOUT_MS: 'Prazo da troca inteira.',
  WEBHOOK_RETRY_ATTEMPTS: 'Novas tentativas depois de uma primeira que falhou.',
  WEBHOOK_RETRY_DELAY_MS: 'Pausa antes da primeira nova tentativa; dobra a cada uma.',
  WEBHOOK_MAX_BODY_SIZE:
    'Quanto de uma resposta o teste de um webhook mostra. Mais que POMBO_RESPONSE_CAP_BYTES não é guardado de nenhuma.',
  QUEUE_CONCURRENCY:
    'Máximo de requisições simultâneas ao webhook de uma sessão, para os definidos daqui em diante.',
  QUEUE_MAX_ATTEMPTS:
    'Quantas vezes é tentado um job do BullMQ que falha, quando o produtor não diz. Esperar pelo banco de dados não é tentativa.',
  QUEUE_BACKOFF_DELAY:
    'Pausa antes de um job do BullMQ ser tentado de novo, quando o produtor não diz, ou enquanto o Pombo não pode aceitá-lo; dobra a cada uma.',
  ZAPHUB_REDIS_URL:
    'O Redis cujas filas do BullMQ `message-receive` e `webhook-delivery` o Pombo atende no lugar do ZapHub, para o primeiro tenant. Precisa do pacote `bullmq`.',
  ZAPHUB_QUEUE_PREFIX: 'Com que começam as chaves das filas do BullMQ.',
  ZAPHUB_MESSAGE_RECEIVE_CONCURRENCY: 'Jobs de `message-receive` ao mesmo tempo, em cada processo.',
  ZAPHUB_WEBHOOK_DELIVERY_CONCURRENCY:
    'Jobs de `webhook-delivery` aceitos ao mesmo tempo, em cada processo. Quantas requisições estão em andamento, QUEUE_CONCURRENCY diz.',
  ZAPHUB_COMPLETED_JOBS_AGE:
    'Quanto tempo os jobs concluídos ficam no Redis, quando o produtor não diz.',
  ZAPHUB_COMPLETED_JOBS_COUNT:
    'Quantos jobs concluídos ficam no Redis no máximo, quando o produtor não diz.',
  ZAPHUB_FAILED_JOBS_AGE:
    'Quanto tempo os jobs que falharam ficam no Redis, quando o produtor não diz.',
  WEBHOOK_GLOBAL_ENABLED: 'Enviar os eventos de todas as instâncias também a WEBHOOK_GLOBAL_URL.',
  WEBHOOK_GLOBAL_URL: 'O webhook global de todas as instâncias do primeiro tenant.',
  WEBHOOK_GLOBAL_WEBHOOK_BY_EVENTS: 'Pôr o nome do evento no fim do caminho de WEBHOOK_GLOBAL_URL.',
  WEBHOOK_MONITORING_ENABLED: 'Informar WEBHOOK_MONITORING_URL.',
  WEBHOOK_MONITORING_URL:
    'Onde são informados o estado da fila, entregas abandonadas, webhooks desativados e erros.',
  WEBHOOK_MONITORING_INTERVAL: 'Tempo entre dois `queue.stats` de uma instância.',
  WEBHOOK_REQUEST_TIMEOUT_MS: 'Prazo da troca inteira com um webhook principal.',
  WEBHOOK_MONITORING_TIMEOUT_MS: 'O mesmo para o webhook de monitoramento.',
  WEBHOOK_RETRY_MAX_ATTEMPTS: 'Novas tentativas depois de uma primeira que falhou.',
  WEBHOOK_RETRY_INITIAL_DELAY_SECONDS: 'Pausa antes da primeira nova tentativa; dobra a cada uma.',
  WEBHOOK_RETRY_MAX_DELAY_SECONDS: 'A maior pausa entre duas tentativas.',
  WEBHOOK_RETRY_JITTER_FACTOR: 'Quanto uma pausa pode ser maior ou menor, ao acaso.',
  WEBHOOK_RETRY_STATUS_CODES:
    'Status que são tentados de novo; prazos vencidos e erros de rede sempre são.',
  GLOBAL_QUEUE_ENABLED:
    'Manter todos os webhooks principais juntos, os das instâncias e o global, em GLOBAL_QUEUE_RATE_LIMIT.',
  GLOBAL_QUEUE_RATE_LIMIT:
    'Entregas por minuto a todos os webhooks principais de um tenant juntos, primeiras e novas tentativas, distribuídas pelo minuto e por todos os nós.',
  WEBHOOK_SECRET:
    'Assina as requisições aos endpoints e fluxos do primeiro tenant registrados sem segredo próprio.',
  N8N_WEBHOOK_URL:
    'URL base do n8n que tem os sete fluxos documentados; são registrados uma vez, nos caminhos /webhook/… dele.',
  API_BASE_URL: 'Com que começam os links nas respostas de /api/webhooks.',
  REDIS_URL: 'Um Redis seu, cuja saúde /api/webhooks/health informa.',
  NEXT_PUBLIC_SUPABASE_URL: 'O projeto Supabase cuja saúde /api/webhooks/health informa.',
  SUPABASE_SERVICE_ROLE_KEY: 'Apresentada quando se pergunta ao Supabase como está.',
  AGENTES_ORGANIZATION:
    'A organização, e assim o app, dos eventos e endpoints que não indicam nenhuma.',
  AGENTES_USER_RATE:
    'Máximo de eventos que um usuário pode causar; além disso, 429 com Retry-After.',
}
