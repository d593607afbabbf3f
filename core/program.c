#include "program.h"

bool upk_program_good(upk_str program) {
  bool absolute = upk_str_starts(program, "/");
  upk_str rest = program;
  size_t parts = 0;
  for (size_t i = 0; i < program.len; i++)
    if (program.data[i] == '\0')
      return false;
  while (rest.data) {
    upk_str part = upk_str_split(rest, '/', &rest);
    if (upk_str_is(part, ".") || upk_str_is(part, "..") ||
        (!part.len && !(absolute && parts == 0)))
      return false;
    parts++;
  }
  return program.len > 0 && (absolute ? parts > 1 : parts == 1);
}

bool upk_program_environment_good(upk_str entry) {
  upk_str value, name = upk_str_split(entry, '=', &value);
  for (size_t i = 0; i < name.len; i++) {
    char c = name.data[i];
    bool letter = c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (!letter && !(i > 0 && c >= '0' && c <= '9'))
      return false;
  }
  return name.len > 0;
}

bool upk_program_fits(upk_str allowed, upk_str program) {
  if (upk_str_equal(allowed, program))
    return true;
  if (!program.len || program.data[0] == '/' || !upk_str_starts(allowed, "/"))
    return false;
  return allowed.len > program.len &&
         allowed.data[allowed.len - program.len - 1] == '/' &&
         upk_str_equal(
             (upk_str){allowed.data + allowed.len - program.len, program.len},
             program);
}
