-- A run takes the lease at its beginning: from then on no row of another run is written.
return {
  sql = [[
insert into upkeep.lease (epoch, run, taken_at)
values (1, $1::text, clock_timestamp())
on conflict (singleton) do update
set epoch = lease.epoch + 1, run = excluded.run, taken_at = excluded.taken_at
]],
  params = { { from = "step.run" } },
}
