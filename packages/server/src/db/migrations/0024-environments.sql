-- What a tenant is for, as Svix's clients say of their environments: nothing else hangs on it.
alter table tenant add column environment_type text not null default 'production' check (environment_type in ('development', 'production'));
alter table tenant add column updated_at timestamptz not null default now();
