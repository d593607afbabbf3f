-- A small shop after a year without maintenance: statistics from its first day, an index twice and one that another
-- makes redundant, pages of a deleted import, events past their retention, and a write-ahead log that nobody resets.
.bail on
.dbconfig no_ckpt_on_close on
pragma page_size = 4096;
pragma journal_mode = wal;
pragma wal_autocheckpoint = 0;

create table customer (id integer primary key, email text not null unique, created_at text not null);
create table product (id integer primary key, name text not null, price integer not null);
create table "order" (
  id integer primary key,
  customer_id integer not null references customer (id),
  product_id integer not null references product (id),
  created_at text not null,
  note text
);
create table event (id integer primary key, order_id integer not null, kind text not null, created_at text not null);
create table import_batch (id integer primary key, payload blob not null);

create index order_customer on "order" (customer_id);
create index order_by_customer on "order" (customer_id);
create index order_customer_created on "order" (customer_id, created_at);
create index order_product on "order" (product_id);
create index event_created on event (created_at);

with recursive n (i) as (select 1 union all select i + 1 from n where i < 500)
insert into customer select i, printf('customer%d@example.org', i), datetime('now', '-400 days') from n;
with recursive n (i) as (select 1 union all select i + 1 from n where i < 50)
insert into product select i, printf('product %d', i), 100 + i from n;
with recursive n (i) as (select 1 union all select i + 1 from n where i < 1000)
insert into "order" select i, 1 + i % 500, 1 + i % 50, datetime('now', '-400 days'), null from n;
with recursive n (i) as (select 1 union all select i + 1 from n where i < 1000)
insert into event select i, i, 'placed', datetime('now', '-300 days') from n;
analyze; -- the last time anybody did

with recursive n (i) as (select 1001 union all select i + 1 from n where i < 60000)
insert into "order"
select i, 1 + i % 500, 1 + i % 50, datetime('now', '-' || ((60000 - i) / 200) || ' days', '-12 hours'), printf('order %d', i) from n;
with recursive n (i) as (select 1001 union all select i + 1 from n where i < 40000)
insert into event
-- Half a day off, so that no row passes its ninetieth day while somebody looks.
select i, i, 'shipped', datetime('now', '-' || ((40000 - i) / 130) || ' days', '-12 hours') from n;
with recursive n (i) as (select 1 union all select i + 1 from n where i < 3000)
insert into import_batch select i, randomblob(6000) from n;
pragma wal_checkpoint(truncate);

delete from import_batch;
drop table import_batch;
pragma wal_checkpoint(truncate);

-- Checkpoints were held back here: the log stays as large as this update made it.
update "order" set note = note || ' (checked)' where id > 1000;
update "order" set note = note || ' (checked twice)' where id > 1000;
