import { dialectVariables } from './dialect-variables.ts'

/** What each variable of the configuration says; in English the server says it itself. */
export const variables: Readonly<Record<string, string>> = {
  POMBO_LISTEN:
    'Endereço em que escutar, ou o caminho de um socket Unix (`unix:/run/pombo/pombo.sock`) para um proxy na mesma máquina. Só esta máquina o alcança, se não for mudado.',
  POMBO_SERVER_URL:
    'A URL em que os outros alcançam este Pombo, como nos envelopes que dizem o servidor. Também o servidor com que `pombo listen` e `pombo sink --endpoint` falam.',
  POMBO_PROCESSES:
    'Processos nesta máquina, cada um um nó próprio no mesmo endereço. Tantos quantos são os núcleos é um bom número.',
  POMBO_MAX_BODY_BYTES: 'O maior corpo de requisição; um maior é respondido com 413.',
  POMBO_SHUTDOWN_GRACE_MS:
    'Quanto tempo uma parada espera as requisições em andamento. O que não terminar até lá é retomado por outro nó, ou no próximo início, e pode ser enviado duas vezes.',
  NODE_ENV:
    'Em produção: logs em JSON, endpoints `http:` recusados, chaves de criptografia exigidas junto de DATABASE_URL.',
  POMBO_TLS_CERT:
    'Arquivo do certificado com que servir HTTPS, em PEM, com os que levam à raiz. É lido de novo quando muda, como numa renovação: conexões novas recebem o novo em até 10 s.',
  POMBO_TLS_KEY: 'Arquivo da chave privada do certificado, em PEM. Acompanha POMBO_TLS_CERT.',
  POMBO_TRUSTED_PROXIES:
    'Endereços dos proxies à frente, cujo `X-Forwarded-For` vale: o limite de entradas malsucedidas é por endereço. Nos outros, não se acredita no cabeçalho.',
  POMBO_BASE_PATH:
    'Caminho abaixo do qual o Pombo é alcançado, como `/pombo` atrás de um proxy que serve outras coisas também: páginas, API, links e cookies ficam então abaixo dele. As requisições podem vir com ele, ou sem ele onde o proxy o retira.',
  POMBO_SOCKET_MODE: 'Permissões do socket Unix que POMBO_LISTEN indica: quem pode conectar.',
  POMBO_CORS_ORIGINS:
    'Origens cujas páginas podem chamar a API pelo navegador, com um token no cabeçalho Authorization; nunca por cookie.',
  DATABASE_URL:
    'O PostgreSQL (15 ou mais novo) que guarda tudo. Nós que indicam o mesmo dividem o trabalho. Vários hosts, separados por vírgulas, são um primário e seus standbys: usa-se o que aceita escrita e, depois de um failover, o novo (`postgres://pombo@db1,db2/pombo`). `target_session_attrs=read-write` pede o mesmo de um só host, como um endereço flutuante.',
  POMBO_READ_DATABASE_URL:
    'Um standby do banco, de onde se leem as listas do que está guardado, as estatísticas, a visão geral e as buscas. Vários hosts são separados por vírgulas; `target_session_attrs=prefer-standby` usa um standby onde houver. Se ele estiver fora ou atrasado demais, lê-se o primário.',
  POMBO_READ_MAX_LAG_MS:
    'Quanto POMBO_READ_DATABASE_URL pode estar atrasado; além disso, lê-se o primário.',
  POMBO_READ_CONNECTIONS: 'Máximo de conexões que cada processo abre para POMBO_READ_DATABASE_URL.',
  POMBO_DATA_DIR: 'Pasta do servidor embutido. Um Pombo por vez.',
  POMBO_DATABASE_CONNECTIONS: 'Máximo de conexões que cada processo abre para o banco de dados.',
  POMBO_RETENTION_DAYS:
    'Dias em que mensagens e tentativas ficam guardadas, quando o tenant não diz outra coisa. O que ainda será entregue fica além disso.',
  POMBO_API_KEY:
    'Chave do primeiro tenant. Também a chave que `pombo listen` e `pombo sink --endpoint` apresentam.',
  POMBO_ENCRYPTION_KEYS:
    'Chaves que cifram os segredos guardados, e os conteúdos dos tenants que pedem isso, a mais nova primeiro. A primeira cifra, todas decifram: para trocar, ponha uma nova na frente; o que as antigas cifraram é cifrado de novo, e o log diz até quando elas são necessárias. Com vários nós, ponha antes a nova no fim em todos eles.',
  POMBO_ALLOW_SUBNETS:
    'Endereços privados ou de outro modo especiais que os endpoints podem ter. Todos os outros que não são públicos são recusados.',
  POMBO_HTTPS_ONLY: 'Recusar endpoints `http:`.',
  POMBO_SIGNATURE_HEADERS:
    'Início dos nomes dos cabeçalhos de assinatura (`webhook-id`, `svix-id`, ou os dois) dos endpoints criados daqui em diante, quando nem eles nem o tenant dizem algo.',
  POMBO_EGRESS_PROXY:
    'Proxy por onde passa tudo o que vai aos endpoints: CONNECT para `http:` e `https:`, ou SOCKS5. O próprio Pombo resolve os nomes e confere os endereços, e diz ao proxy o endereço que conferiu. O `HTTP_PROXY` do ambiente não é lido.',
  POMBO_EGRESS_NO_PROXY:
    'O que é alcançado sem o proxy: nomes com tudo abaixo deles, endereços, faixas.',
  POMBO_EGRESS_ADDRESS:
    'Endereço desta máquina de onde saem as requisições, para receptores que só deixam alguns entrar. Os receptores precisam então de um endereço do mesmo tipo, IPv4 ou IPv6.',
  POMBO_EGRESS_CA:
    'Arquivo das autoridades certificadoras, em PEM, de que os certificados dos endpoints podem vir, além das usuais.',
  POMBO_EGRESS_CERT:
    'Arquivo do certificado que o Pombo mostra aos endpoints que pedem um, em PEM.',
  POMBO_EGRESS_KEY: 'Arquivo da chave privada dele, em PEM. Acompanha POMBO_EGRESS_CERT.',
  POMBO_EGRESS_HTTP2:
    'Falar HTTP/2 com endpoints `https:` que o oferecem, como precisam os que não falam outra coisa. Cada requisição continua com uma conexão só para ela; HTTP/1.1 tolera mais erros dos receptores.',
  POMBO_EGRESS_TLS_MIN: 'A versão mais antiga de TLS que um endpoint pode falar.',
  POMBO_MAX_IN_FLIGHT:
    'Requisições simultâneas a um endpoint, somados todos os nós, dos endpoints criados daqui em diante que não têm `maxInFlight`.',
  POMBO_THROTTLE_RATE:
    'Requisições por segundo a um endpoint que não tem `throttleRate`, somados todos os nós.',
  POMBO_CIRCUIT_FAILURES:
    'Falhas seguidas depois das quais um endpoint é deixado em paz por um tempo, quando o `circuit` dele não diz.',
  POMBO_CIRCUIT_PAUSE_MS: 'A primeira dessas pausas; cada uma seguinte dura o dobro.',
  POMBO_CIRCUIT_MAX_PAUSE_MS: 'A maior dessas pausas.',
  POMBO_ENDPOINT_HEADERS:
    'Cabeçalhos que vão em toda requisição aos endpoints, além dos do tenant e dos do próprio endpoint, que prevalecem.',
  POMBO_COMMIT_WINDOW_MS:
    'Quanto uma mensagem aceita espera por outras, para serem gravadas juntas num commit.',
  POMBO_COMMIT_BATCH: 'Máximo de mensagens num commit; um cheio não espera.',
  POMBO_COMMIT_BUFFER_MESSAGES:
    'Máximo de mensagens que esperam um commit num processo; além disso, 503 com Retry-After.',
  POMBO_COMMIT_BUFFER_BYTES:
    'Máximo de bytes de conteúdo que esperam um commit num processo; além disso, 503 com Retry-After.',
  POMBO_CACHE_BYTES:
    'Máximo de memória para apps, endpoints e chaves em cada processo; o resto é lido quando é preciso. 64 MiB comportam uns 100.000 endpoints em apps de dez.',
  POMBO_RESPONSE_CAP_BYTES: 'Quanto da resposta de um endpoint fica guardado com a tentativa.',
  POMBO_LEASE_MS:
    'Depois de quanto tempo sem sinal um nó conta como morto e outros assumem o trabalho dele.',
  POMBO_LOG_LEVEL: 'As linhas menos importantes que vão ao log. Há uma linha `info` por tentativa.',
  POMBO_LOG_FORMAT:
    '`json`, ou linhas legíveis; `auto` quer dizer linhas num terminal fora de produção.',
  POMBO_METRICS_TOKEN: 'Token Bearer que /metrics pede.',
  OTEL_SDK_DISABLED: 'Desliga o OpenTelemetry, seja o que for definido no resto.',
  OTEL_EXPORTER_OTLP_ENDPOINT:
    'Para onde vão traces, métricas e logs: um coletor OpenTelemetry, ou o que aceite OTLP por HTTP. `/v1/traces`, `/v1/metrics` e `/v1/logs` são postos no fim.',
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'A URL inteira para onde vão os traces.',
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'A URL inteira para onde vão as métricas.',
  OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: 'A URL inteira para onde vão os logs.',
  OTEL_EXPORTER_OTLP_HEADERS: 'Cabeçalhos das requisições que os enviam, como uma chave.',
  OTEL_EXPORTER_OTLP_TRACES_HEADERS:
    'O mesmo só para os traces, em lugar de OTEL_EXPORTER_OTLP_HEADERS.',
  OTEL_EXPORTER_OTLP_METRICS_HEADERS:
    'O mesmo só para as métricas, em lugar de OTEL_EXPORTER_OTLP_HEADERS.',
  OTEL_EXPORTER_OTLP_LOGS_HEADERS:
    'O mesmo só para os logs, em lugar de OTEL_EXPORTER_OTLP_HEADERS.',
  OTEL_EXPORTER_OTLP_PROTOCOL:
    'Como são escritos. gRPC não é falado; os coletores aceitam HTTP na porta 4318.',
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL:
    'O mesmo só para os traces, em lugar de OTEL_EXPORTER_OTLP_PROTOCOL.',
  OTEL_EXPORTER_OTLP_METRICS_PROTOCOL:
    'O mesmo só para as métricas, em lugar de OTEL_EXPORTER_OTLP_PROTOCOL.',
  OTEL_EXPORTER_OTLP_LOGS_PROTOCOL:
    'O mesmo só para os logs, em lugar de OTEL_EXPORTER_OTLP_PROTOCOL.',
  OTEL_EXPORTER_OTLP_COMPRESSION: 'Se vão comprimidos.',
  OTEL_EXPORTER_OTLP_TIMEOUT: 'Quanto pode demorar uma requisição ao coletor, com suas repetições.',
  OTEL_EXPORTER_OTLP_CERTIFICATE:
    'Arquivo das autoridades certificadoras de que o certificado do coletor pode vir, em PEM.',
  OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE:
    'Arquivo do certificado que é mostrado ao coletor, em PEM.',
  OTEL_EXPORTER_OTLP_CLIENT_KEY:
    'Arquivo da chave privada dele, em PEM. Acompanha OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE.',
  OTEL_TRACES_EXPORTER: 'Se os traces são enviados: por OTLP, ou nunca.',
  OTEL_METRICS_EXPORTER: 'Se as métricas são enviadas: por OTLP, ou nunca.',
  OTEL_LOGS_EXPORTER: 'Se os logs são enviados: por OTLP, ou nunca.',
  OTEL_SERVICE_NAME: 'Como este Pombo se chama nos traces, nas métricas e nos logs.',
  OTEL_RESOURCE_ATTRIBUTES:
    'O que mais se diz dele, como `deployment.environment.name`. `service.version`, `service.instance.id` e `host.name` já vêm, e podem ser ditos de novo.',
  OTEL_TRACES_SAMPLER:
    'Quais traces são registrados. `parentbased_…` faz como o trace do produtor, e só decide por si quando a mensagem vem sem um.',
  OTEL_TRACES_SAMPLER_ARG: 'A parte que `traceidratio` e `parentbased_traceidratio` registram.',
  OTEL_PROPAGATORS:
    'O que é tomado dos cabeçalhos de quem envia mensagens, guardado com a mensagem e dado a quem a recebe: `traceparent` e `tracestate` (`tracecontext`), e `baggage`, que fica de fora se não for pedido, pois os receptores muitas vezes são de terceiros; `none`: nada.',
  OTEL_BSP_SCHEDULE_DELAY: 'Quanto os spans esperam para ir juntos.',
  OTEL_BSP_MAX_QUEUE_SIZE:
    'Máximo de spans que esperam na memória, como enquanto o coletor está fora. O que passar disso é descartado, e o log diz quantos.',
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: 'Máximo de spans numa requisição.',
  OTEL_BLRP_SCHEDULE_DELAY: 'Quanto os registros de log esperam para ir juntos.',
  OTEL_BLRP_MAX_QUEUE_SIZE:
    'Máximo de registros de log que esperam na memória. O que passar disso é descartado, como nos spans.',
  OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: 'Máximo de registros de log numa requisição.',
  OTEL_METRIC_EXPORT_INTERVAL: 'De quanto em quanto tempo as métricas são enviadas.',
  POMBO_OUTBOX_URLS:
    'Bancos com uma outbox ("pombo pg install") de onde ler eventos. O nome antes de "=" é o uid do app que os recebe; é criado onde falta. Cada processo mantém duas conexões com cada um.',
  POMBO_OUTBOX_APP:
    'Uid do app que recebe os eventos de uma outbox para a qual nenhum é indicado, como a do próprio banco do Pombo.',
  POMBO_REDIS_URL: 'O Redis (6.2 ou mais novo) de cujas listas e streams se leem eventos.',
  POMBO_REDIS_LISTS:
    'Listas de onde ler eventos: cada elemento é JSON, {"eventType": …, "payload": …}. O nome antes de "=" é o uid do app que os recebe; é criado onde falta.',
  POMBO_REDIS_LIST_END:
    'Em que ponta de uma lista está o elemento mais antigo: `right` onde os produtores fazem LPUSH, `left` onde fazem RPUSH.',
  POMBO_REDIS_STREAMS:
    'Streams de onde ler eventos, por um grupo de consumidores: cada entrada tem os campos eventType e payload (JSON). O nome antes de "=" é o uid do app que os recebe.',
  POMBO_REDIS_GROUP:
    'O grupo de consumidores que lê os streams. Onde não há um com esse nome, é criado e começa pela entrada mais antiga.',
  POMBO_REDIS_APP: 'Uid do app que recebe os eventos de listas e streams que não indicam nenhum.',
  POMBO_RETRY_SCHEDULE:
    'Pausas antes das novas tentativas de uma entrega, tantas quantas são elas, quando o endpoint não tem `retrySchedule`. Cada uma varia em até 20 %.',
  POMBO_TIMEOUT_MS: 'Prazo da troca inteira, quando o endpoint não tem `timeoutMs`.',
  ...dialectVariables,
}
