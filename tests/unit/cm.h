/* cmocka with the headers it wants before it. */
#ifndef TESTS_CM_H
#define TESTS_CM_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h> /* wants those before it */

#include <upkeep/base.h>

#define assert_text(actual, expected)                                          \
  do {                                                                         \
    upk_str actual_ = (actual);                                                \
    assert_int_equal(actual_.len, strlen(expected));                           \
    assert_memory_equal(actual_.data, (expected), strlen(expected));           \
  } while (0)
#endif
