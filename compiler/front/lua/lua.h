/* Policies in Lua: each file in an interpreter of its own, which lives as
 * long as the IR. `policy(name, table)` or `policy { name = ... }` declares
 * one; `require "upkeep"` gives `u` with a builder for every action:
 * u.rebuild_index { online = true } is {action = "rebuild_index", with = ...}.
 * Other modules are files of the project, or of the program (std/...). */
#ifndef COMPILER_FRONT_LUA_H
#define COMPILER_FRONT_LUA_H

#include "ir/ir.h"

/* Runs the file; hands each policy to front_policy. Faults are diagnostics.
 * ir->engines must be there. */
void front_lua(ir *ir, upk_str path, upk_str text);

#endif
