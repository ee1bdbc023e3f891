-- The audit log stays append-only, with one way past it that the law asks for: an erasure may put '(erased)' in place of what names a person.
-- Nothing else of an entry may change, not even then; and the erasure has an entry of its own.
create or replace function refuse_audit_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and current_setting('pombo.erasing', true) = 'on' then return null; end if;
  raise exception 'the audit log is append-only: % is refused', tg_op using errcode = 'insufficient_privilege';
end $$;

create function refuse_audit_rewrite() returns trigger language plpgsql as $$
declare
  erased constant text := '(erased)';
begin
  if to_jsonb(new) - array['actor', 'on_behalf_of', 'target', 'changes'] is distinct from to_jsonb(old) - array['actor', 'on_behalf_of', 'target', 'changes']
     or new.actor not in (old.actor, erased)
     or new.target not in (old.target, erased)
     or (new.on_behalf_of is distinct from old.on_behalf_of and (old.on_behalf_of is null or new.on_behalf_of is distinct from erased))
     or exists (select from jsonb_each(old.changes) o full join jsonb_each(new.changes) n using (key)
                 where n.value is distinct from o.value and (o.value is null or n.value is distinct from to_jsonb(erased)))
  then
    raise exception 'the audit log is append-only: an erasure may put "%" in place of a value, and nothing else', erased using errcode = 'insufficient_privilege';
  end if;
  return new;
end $$;
create trigger audit_log_erasure_only before update on audit_log for each row execute function refuse_audit_rewrite();
