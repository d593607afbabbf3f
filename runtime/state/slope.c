#include "state/observe.h"

#define US_A_DAY (INT64_C(86400) * 1000000)
__extension__ typedef __int128 wide;

/* Milliseconds are fine enough, and nearly always fit. */
static int64_t between(int64_t from, int64_t to, int64_t span_us) {
  int64_t grown, scaled;
  if (span_us >= 1000 && !__builtin_sub_overflow(to, from, &grown) &&
      !__builtin_mul_overflow(grown, US_A_DAY / 1000, &scaled))
    return scaled / (span_us / 1000);
  wide a_day = ((wide)to - from) * US_A_DAY / span_us;
  return a_day > INT64_MAX   ? INT64_MAX
         : a_day < INT64_MIN ? INT64_MIN
                             : (int64_t)a_day;
}

static void swap(int64_t *a, int64_t *b) {
  int64_t kept = *a;
  *a = *b;
  *b = kept;
}

/* Brings the k-th smallest to its place, and what is smaller before it (Hoare's
 * selection; the pivot is the middle one of three). */
static void select_kth(int64_t *items, size_t count, size_t k) {
  size_t low = 0, high = count - 1;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (items[middle] < items[low])
      swap(&items[middle], &items[low]);
    if (items[high] < items[low])
      swap(&items[high], &items[low]);
    if (items[high] < items[middle])
      swap(&items[high], &items[middle]);
    int64_t pivot = items[middle];
    size_t i = low, j = high;
    while (i <= j) {
      while (items[i] < pivot)
        i++;
      while (items[j] > pivot)
        j--;
      if (i > j)
        break;
      swap(&items[i++], &items[j]);
      if (!j--)
        break;
    }
    if (k <= j && j != SIZE_MAX)
      high = j;
    else if (k >= i)
      low = i;
    else
      return;
  }
}

int64_t slope_per_day(const int64_t *at_us, const int64_t *values, size_t count,
                      int64_t *scratch) {
  size_t pairs = 0;
  for (size_t i = 0; i < count; i++)
    for (size_t j = i + 1; j < count; j++)
      if (at_us[j] > at_us[i])
        scratch[pairs++] = between(values[i], values[j], at_us[j] - at_us[i]);
  if (!pairs)
    return 0;
  select_kth(scratch, pairs, pairs / 2);
  int64_t upper = scratch[pairs / 2];
  if (pairs % 2)
    return upper;
  int64_t lower = scratch[0];
  for (size_t i = 1; i < pairs / 2; i++)
    if (scratch[i] > lower)
      lower = scratch[i];
  return (int64_t)(((wide)lower + upper) / 2);
}
