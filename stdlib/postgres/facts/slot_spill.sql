-- Only logical slots decode; what they spill is more than logical_decoding_work_mem.
select
  s.slot_name::text as name,
  case when s.slot_type = 'logical' then coalesce(t.spill_bytes, 0) end as spill_size,
  case when s.slot_type <> 'logical' then 'a physical slot decodes nothing' end as "spill_size.reason",
  case when s.slot_type = 'logical' then coalesce(t.spill_txns, 0) end as spilled_transactions,
  case when s.slot_type <> 'logical' then 'a physical slot decodes nothing' end as "spilled_transactions.reason",
  case when s.slot_type = 'logical' then coalesce(t.total_bytes, 0) end as decoded_size,
  case when s.slot_type <> 'logical' then 'a physical slot decodes nothing' end as "decoded_size.reason"
from pg_replication_slots s
left join pg_stat_replication_slots t on t.slot_name = s.slot_name
where true {filter}
