/* How large a piece of work is, for what was learned from others of its size.
 */
#ifndef UPKEEP_WORK_H
#define UPKEEP_WORK_H

#include <stdint.h>

enum { UPK_WORK_CLASSES = 24 };

/* Of bytes read and written: 0 below 1 MiB, then one more for each four times
 * as much. */
int upk_work_class(int64_t bytes);
/* The largest work of a class; the last has no end, and gives INT64_MAX. */
int64_t upk_work_class_end(int work_class);

#endif
