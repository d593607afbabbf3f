-- What databases in use have and samples do not. Run as a superuser in a fresh database named strange.
create table keyed (id int primary key, v int, t text);
insert into keyed select i, i % 100, repeat('t', i % 50) from generate_series(1, 3000) i;
create table many_dead (id int primary key, v int) with (autovacuum_enabled = off);
insert into many_dead select i, i from generate_series(1, 20000) i;
update many_dead set v = v + 1;
delete from many_dead where id % 2 = 0;

-- Functions of indexes that another search path does not find.
create schema tools;
create function tools.fold(text) returns text language sql immutable as $$ select lower($1) $$;
create index keyed_fold on keyed (tools.fold(t));

-- A trigger on all DDL, as auditing tools make one.
create table public.ddl_log (at timestamptz default now(), tag text);
create function tools.note_ddl() returns event_trigger language plpgsql as $$
begin insert into public.ddl_log (tag) values (tg_tag); end $$;
create event trigger note_ddl on ddl_command_end execute function tools.note_ddl();

-- Functions and operators that hide the server's own where public comes first.
create function public.to_regclass(text) returns regclass language sql as $$ select null::regclass $$;
create function public.count(int) returns bigint language sql as $$ select -1::bigint $$;
create function public.pg_relation_size(oid) returns bigint language plpgsql as $$ begin raise exception 'hijacked'; end $$;
create table public.pg_class (oid int, relname text);
create table public.pg_index (indexrelid int);
insert into public.pg_class select i, 'x' from generate_series(1, 2000) i;

-- Settings of the database that every session inherits.
alter database strange set search_path = public, pg_catalog;
alter database strange set datestyle = 'German, DMY';
alter database strange set intervalstyle = 'sql_standard';
alter database strange set timezone = 'Asia/Kathmandu';
alter database strange set standard_conforming_strings = off;
alter database strange set client_encoding = 'LATIN1';
alter database strange set default_transaction_isolation = 'serializable';
alter database strange set default_transaction_read_only = on;
alter database strange set statement_timeout = '50ms';
alter database strange set idle_in_transaction_session_timeout = '20s';
alter database strange set lock_timeout = '1ms';
alter database strange set bytea_output = 'escape';
alter database strange set row_security = off;
alter database strange set quote_all_identifiers = on;
alter database strange set enable_seqscan = off;
alter database strange set extra_float_digits = -15;
alter database strange set array_nulls = off;
alter database strange set xmlbinary = 'hex';
alter database strange set client_min_messages = 'debug1';
