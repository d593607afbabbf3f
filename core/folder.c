#include "folder.h"

#include "program.h"

enum { NAME_BYTES_MAX = 200 };

bool upk_folder_good(upk_str folder) {
  return upk_str_starts(folder, "/") && upk_program_good(folder);
}

bool upk_folder_within(upk_str allowed, upk_str folder) {
  if (folder.len < allowed.len ||
      !upk_str_equal((upk_str){folder.data, allowed.len}, allowed))
    return false;
  return folder.len == allowed.len || folder.data[allowed.len] == '/';
}

bool upk_file_name_good(upk_str name) {
  if (!name.len || name.len > NAME_BYTES_MAX || name.data[0] == '.')
    return false;
  for (size_t i = 0; i < name.len; i++) {
    char c = name.data[i];
    if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
        !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-')
      return false;
  }
  return true;
}
