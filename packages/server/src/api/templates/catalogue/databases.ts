import { order } from '../samples.ts'
import type { Template } from '../template.ts'

export const postgres: Template = {
  id: 'postgres',
  name: 'PostgreSQL',
  kind: 'database',
  about: {
    en: 'A row in a table of yours for each event, once and in order.',
    'pt-BR': 'Uma linha em uma tabela sua para cada evento, uma só vez e em ordem.',
  },
  docs: 'https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS',
  setUp:
    'create table pombo_events (\n  id text primary key,\n  event_type text not null,\n  app text,\n' +
    '  ordering_key text,\n  payload jsonb,\n  headers jsonb,\n  received_at timestamptz not null default now()\n);',
  fields: [
    {
      name: 'url',
      label: { en: 'Database', 'pt-BR': 'Banco de dados' },
      help: {
        en: 'A role that may insert into the table is enough.',
        'pt-BR': 'Basta um papel que possa inserir na tabela.',
      },
      kind: 'url',
      example: 'postgres://pombo:secret@db.example.com:5432/shop',
      pattern: 'postgres(ql)?://.+',
    },
    {
      name: 'table',
      label: { en: 'Table', 'pt-BR': 'Tabela' },
      kind: 'text',
      example: 'public.pombo_events',
      pattern: '[^\\s".]{1,63}(\\.[^\\s".]{1,63})?',
    },
  ],
  sample: order,
  endpoint: ({ url, table }) => ({
    destination: { type: 'postgres', url: url!, table: table! },
    ordering: 'key',
  }),
}
