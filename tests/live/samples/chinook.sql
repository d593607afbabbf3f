-- A music shop, with quoted mixed-case names as the sample database chinook has them in its PostgreSQL form.
create table "Artist" ("ArtistId" int not null, "Name" varchar(120), constraint "PK_Artist" primary key ("ArtistId"));
create table "Album" (
  "AlbumId" int not null constraint "PK_Album" primary key, "Title" varchar(160) not null,
  "ArtistId" int not null constraint "FK_AlbumArtistId" references "Artist" deferrable initially deferred
);
create index "IFK_AlbumArtistId" on "Album" ("ArtistId");
create unique index "IPK_ProductItem" on "Album" ("AlbumId");
create table "Track" (
  "TrackId" int primary key, "Name" varchar(200) not null, "AlbumId" int,
  "Milliseconds" int not null, "Bytes" bigint, "UnitPrice" numeric(10, 2) not null,
  unique ("Name", "TrackId"), unique ("Name", "TrackId", "AlbumId")
);
create index "IFK_TrackAlbumId" on "Track" ("AlbumId");
create index "ifk_trackalbumid" on "Track" ("AlbumId");
create table track (id int primary key, "Id" int unique, "ID" int);
create index on track ("ID");
create index on track ("ID");
create table "Playlist Track" ("PlaylistId" int, "TrackId" int references "Track", primary key ("PlaylistId", "TrackId"))
  with (fillfactor = 70, autovacuum_enabled = off);
insert into "Artist" select i, 'artist ' || i from generate_series(1, 2000) i;
insert into "Album" select i, 'album ' || i, 1 + i % 2000 from generate_series(1, 4000) i;
insert into "Track" select i, 'track ' || i, 1 + i % 4000, i, i, 0.99 from generate_series(1, 15000) i;
insert into track select i, i, i % 10 from generate_series(1, 3000) i;
insert into "Playlist Track" select i % 18, i from generate_series(1, 9000) i;
delete from "Track" where "TrackId" % 3 = 0 and not exists (select from "Playlist Track" p where p."TrackId" = "Track"."TrackId");
alter table "Track" add constraint "FK_TrackAlbumId" foreign key ("AlbumId") references "Album" not valid;
