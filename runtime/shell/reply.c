/* What a driver answers, in the machine's words. */
#include "shell/private.h"

static const machine_fault_kind kinds[] = {
    [DRIVER_NONE] = MACHINE_FINE,
    [DRIVER_LOCK_TIMEOUT] = MACHINE_TRANSIENT,
    [DRIVER_DEADLOCK] = MACHINE_TRANSIENT,
    [DRIVER_BUSY] = MACHINE_TRANSIENT,
    [DRIVER_CONNECTION] = MACHINE_LOST,
    [DRIVER_TIMEOUT] = MACHINE_BROKEN_OFF,
    [DRIVER_CANCELLED] = MACHINE_BROKEN_OFF,
    [DRIVER_SYNTAX] = MACHINE_ERROR,
    [DRIVER_PRIVILEGE] = MACHINE_ERROR,
    [DRIVER_DISK_FULL] = MACHINE_ERROR,
    [DRIVER_READ_ONLY] = MACHINE_ERROR,
    [DRIVER_DAMAGED] = MACHINE_ERROR,
    [DRIVER_OTHER] = MACHINE_ERROR,
};

static const plan_value_type types[] = {
    [DRIVER_NULL] = PLAN_NULL,
    [DRIVER_INT] = PLAN_INT,
    [DRIVER_BOOL] = PLAN_BOOL,
    [DRIVER_TEXT] = PLAN_TEXT,
};

machine_fault shell_fault(const driver_error *error) {
  machine_fault fault = {.kind = kinds[error->class]};
  if (fault.kind == MACHINE_FINE)
    return fault;
  fault.class = upk_str_from(driver_class_name(error->class));
  fault.code = error->code;
  fault.message = error->message.data ? error->message : UPK_STR("no message");
  fault.hint = error->hint;
  return fault;
}

static machine_rows rows_of(shell *sh, const driver_result *result) {
  size_t count = result->row_count * result->column_count;
  plan_value *values = UPK_NEW_ARRAY(sh->scratch, plan_value, count + 1);
  for (size_t i = 0; i < count; i++)
    values[i] = (plan_value){types[result->values[i].type],
                             result->values[i].integer, result->values[i].text};
  return (machine_rows){
      .columns = result->columns,
      .column_count = result->column_count,
      .values = values,
      .count = result->row_count,
      .total = result->rows_total,
      .affected = result->rows_affected,
  };
}

static const machine_notice *notices_of(shell *sh,
                                        const driver_result *result) {
  machine_notice *notices =
      UPK_NEW_ARRAY(sh->scratch, machine_notice, result->notice_count + 1);
  for (size_t i = 0; i < result->notice_count; i++)
    notices[i] =
        (machine_notice){result->notices[i].severity, result->notices[i].code,
                         result->notices[i].message};
  return notices;
}

static upk_str session_name(const shell_op *op) {
  const driver *by = op->sh->request->driver;
  return by->session ? by->session(op->conn) : UPK_NO_STR;
}

static upk_str host_note(const shell_op *op) {
  const driver *by = op->sh->request->driver;
  return by->host ? by->host(op->conn) : UPK_NO_STR;
}

void shell_reply(shell_op *op, const driver_result *result, bool granted,
                 upk_str holder) {
  shell *sh = op->sh;
  bool fine = result->error.class == DRIVER_NONE;
  upk_arena_reset(sh->scratch);
  machine_event event = {
      .kind = MACHINE_REPLY,
      .id = op->id,
      .fault = shell_fault(&result->error),
      .rows = rows_of(sh, result),
      .notices = notices_of(sh, result),
      .notice_count = result->notice_count,
      .granted = granted,
      .holder = op->opens && fine    ? session_name(op)
                : op->limits && fine ? host_note(op)
                                     : holder,
  };
  event.in_transaction = event.fault.kind != MACHINE_LOST && op->conn &&
                         sh->request->driver->in_transaction(op->conn);
  upk_allocator_libc()->resize(upk_allocator_libc()->ctx, op, 0);
  shell_feed(sh, &event);
}
