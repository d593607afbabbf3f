-- An office that trades: smallint keys, char columns, bytea, composite keys, row security, and what else schemas have.
create schema "North Wind";
set search_path = "North Wind", public;
create table customers (customer_id char(5) collate "C" primary key, company_name varchar(40) not null, picture bytea);
create table employees (
  employee_id smallint primary key, last_name varchar(20), reports_to smallint references employees, notes text
);
create table orders (
  order_id smallint primary key, customer_id char(5) references customers, employee_id smallint references employees,
  order_date date, freight real, ship_region varchar(15), during tsrange,
  constraint no_overlap exclude using gist (during with &&) deferrable
);
create table order_details (
  order_id smallint references orders, product_id smallint, unit_price real check (unit_price > 0), quantity smallint,
  primary key (order_id, product_id)
);
create index orders_date_brin on orders using brin (order_date) with (pages_per_range = 8);
create index orders_date on orders (order_date);
create index orders_date_desc on orders (order_date desc);
insert into customers select lpad(i::text, 5, '0'), 'company ' || i, decode(repeat('ab', 4000), 'hex') from generate_series(1, 1200) i;
insert into employees select i, 'e' || i, nullif(i / 2, 0), repeat(md5(i::text), 200) from generate_series(1, 1500) i;
alter table employees alter notes set storage external;
update employees set notes = notes || 'x';
insert into orders select i, lpad((1 + i % 1200)::text, 5, '0'), 1 + i % 1500, date '2025-01-01' + i % 400, i, 'r' || i % 9,
  tsrange(timestamp '2025-01-01' + i * interval '1 hour', timestamp '2025-01-01' + i * interval '1 hour' + interval '110 minutes')
from generate_series(1, 2500) i where i % 2 = 0;
insert into order_details select o.order_id, p, 1 + p, 5 from orders o, generate_series(1, 3) p;
alter table orders enable row level security;
alter table orders force row level security;
create policy mine on orders using (ship_region = current_user);
create unlogged table session_cache (k uuid primary key, v jsonb);
insert into session_cache select md5(i::text)::uuid, '{}' from generate_series(1, 2000) i;
cluster customers using customers_pkey;
alter table order_details replica identity using index order_details_pkey;
create table identity_by_index (a int not null, b int not null);
create unique index identity_a on identity_by_index (a);
create unique index identity_a_too on identity_by_index (a);
alter table identity_by_index replica identity using index identity_a_too;
insert into identity_by_index select i, i from generate_series(1, 2000) i;
create sequence countdown increment -1 minvalue -100 maxvalue -1;
select nextval('countdown');
create table wide_keys (id bigserial primary key, a text collate "C", b text collate "POSIX");
create index wide_c on wide_keys (b collate "C");
create index wide_posix on wide_keys (b);
insert into wide_keys (a, b) select 'a' || i, 'b' || i from generate_series(1, 2000) i;
create table no_columns ();
insert into no_columns default values;
create table dropped_columns (a int, b int, c int);
insert into dropped_columns select i, i, i from generate_series(1, 2000) i;
alter table dropped_columns drop column b;
create index dropped_c on dropped_columns (c);
create table no_statistics (a int, b int);
alter table no_statistics alter a set statistics 0, alter b set statistics 0;
insert into no_statistics select i, i from generate_series(1, 2000) i;
create type point_of as (x int, y int);
create table of_type of point_of (x not null);
insert into of_type select i, i from generate_series(1, 1500) i;
create table odd_types (a money, b xml, c inet, d tsquery, e box, f bit(3), g int4range, h name, i "char", j oid, k json, l pg_lsn);
insert into odd_types select i::text::money, null, '10.0.0.1', 'a', null, b'101', '[1,2)', 'n', 'c', 1, '{}', '0/1' from generate_series(1, 2000) i;
create foreign data wrapper nowhere;
create server nowhere foreign data wrapper nowhere;
create foreign table far_away (a int) server nowhere;
create table near_parent (a int, b text) partition by list (b);
create table near_part partition of near_parent for values in ('x');
create foreign table far_part partition of near_parent for values in ('y') server nowhere;
insert into near_parent select i, 'x' from generate_series(1, 2000) i;
create table "a123456789012345678901234567890123456789012345678901234567890bc" (v int, w int);
insert into "a123456789012345678901234567890123456789012345678901234567890bc" select i, i from generate_series(1, 2000) i;
create index "i123456789012345678901234567890123456789012345678901234567890bc" on "a123456789012345678901234567890123456789012345678901234567890bc" (v);
create index "I123456789012345678901234567890123456789012345678901234567890bc" on "a123456789012345678901234567890123456789012345678901234567890bc" (v);
create index "ääääääääääääääääääääääääääääääé" on "a123456789012345678901234567890123456789012345678901234567890bc" (w, v);
create publication portion for table customers, order_details;
