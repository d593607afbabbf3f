-- A run takes the lease at its beginning: from then on no row of another run is written.
return {
  sql = [[
insert into upkeep_lease (singleton, epoch, run, taken_at)
values (1, 1, ?1, cast(strftime('%s', 'now') as integer) * 1000000)
on conflict (singleton) do update
set epoch = epoch + 1, run = excluded.run, taken_at = excluded.taken_at
]],
  params = { { from = "step.run" } },
}
