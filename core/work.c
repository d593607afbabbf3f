#include "work.h"

enum { FIRST_BYTES = 1 << 20 };

int64_t upk_work_class_end(int work_class) {
  int64_t end = FIRST_BYTES;
  for (int i = 0; i < work_class; i++)
    if (__builtin_mul_overflow(end, 4, &end))
      return INT64_MAX;
  return work_class + 1 < UPK_WORK_CLASSES ? end - 1 : INT64_MAX;
}

int upk_work_class(int64_t bytes) {
  int work_class = 0;
  while (bytes > upk_work_class_end(work_class))
    work_class++;
  return work_class;
}
