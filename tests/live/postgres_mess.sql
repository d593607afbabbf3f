-- A database with maintenance debt, and with names that nobody should give.
create table customer (id int primary key, email text not null);
insert into customer select i, 'c' || i from generate_series(1, 5000) i;
create table orders (id bigserial primary key, customer_id int not null references customer, state text, placed date);
insert into orders (customer_id, state, placed)
select 1 + i % 5000, (array['new', 'paid', 'sent'])[1 + i % 3], date '2026-01-01' + i % 300 from generate_series(1, 60000) i;
create index orders_customer on orders (customer_id);
create index orders_customer_again on orders (customer_id);
create index orders_customer_placed on orders (customer_id, placed);
create table bad (v int);
insert into bad values (1), (1);
create schema "Weird ""; drop schema public cascade; --";
create table "Weird ""; drop schema public cascade; --"."t'1" ("a b" int, "c""d" text);
insert into "Weird ""; drop schema public cascade; --"."t'1" select i, 'x' || i from generate_series(1, 3000) i;
create index "i;1" on "Weird ""; drop schema public cascade; --"."t'1" ("a b");
create index "i;2" on "Weird ""; drop schema public cascade; --"."t'1" ("a b");
create table "Case" (a int);
create table "case" (a int);
insert into "Case" select generate_series(1, 2000);
insert into "case" select generate_series(1, 2000);
create table "ünïcode_äääääääääääääääääääääääää" (a int);
insert into "ünïcode_äääääääääääääääääääääääää" select generate_series(1, 2000);
create table "new
line" (a int);
insert into "new
line" select generate_series(1, 2000);
create table "select" ("from" int, "{filter}" int, "$1" int);
insert into "select" select i, i, i from generate_series(1, 2000) i;
create table empty_one (a int);
create table parted (id int, at date) partition by range (at);
create table parted_1 partition of parted for values from ('2026-01-01') to ('2026-07-01');
create table parted_2 partition of parted for values from ('2026-07-01') to ('2027-01-01');
insert into parted select i, date '2026-01-01' + i % 300 from generate_series(1, 4000) i;
create unlogged table fleeting as select generate_series(1, 2000) as i;
create view looks as select * from customer;
create materialized view seen as select state, count(*) from orders group by state;
create sequence narrow as smallint start 30000;
select nextval('narrow');
