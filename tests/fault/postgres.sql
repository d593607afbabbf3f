-- A small database with one debt for each sort of step. None of them is told by
-- counters of the server's, which a crash sets back.
create table effects (what text not null, at timestamptz default clock_timestamp());
create table keyless_1 as select i as id, 'x' || i as v from generate_series(1, 500) i;
create table keyless_2 as select i as id, 'x' || i as v from generate_series(1, 500) i;
create table unknown_1 as select i as id, i % 7 as v from generate_series(1, 3000) i;
create table hollow_1 as select i as id, repeat('x', 300) as v from generate_series(1, 3000) i;
delete from hollow_1 where id > 10;
create table fat_1 as select i as id, 'x' || i as v from generate_series(1, 20000) i;
create index fat_1_v on fat_1 (v);
delete from fat_1 where id > 100;
vacuum (truncate off) fat_1;
