# Sourced by tests/run: format, walls, static analysis, the other compiler.
say "style"
sources=$(git ls-files '*.c' '*.h' 2>/dev/null || find . -name '*.[ch]' -not -path './build/*')

# shellcheck disable=SC2086
report_run "clang-format" clang-format --dry-run -Werror $sources

no_match() { # pattern, paths...: fails when something matches
  local pattern=$1
  shift
  ! grep -rnE "$pattern" "$@" --include='*.[ch]'
}
report_run "wall: the compiler does not see the runtime, nor paths above" \
  no_match '#include[ \t]*["<](\.\./|runtime|driver/|machine/|journal/|shell/)' compiler core
report_run "wall: the runtime does not see the compiler" \
  no_match '#include[ \t]*["<](\.\./|ir/|pass/|front/|script/|upkeep/compile)' runtime
report_run "wall: Lua only in compiler/script" \
  sh -c '! grep -rlE "#include[ \t]*<(lua|lauxlib|lualib)\.h>" core compiler runtime cli include | grep -v "^compiler/script/"'
report_run "wall: YAML only in compiler/front/yaml" \
  sh -c '! grep -rlE "#include[ \t]*<yaml\.h>" core compiler runtime cli include | grep -v "^compiler/front/yaml/"'
report_run "wall: cmark only in compiler/front/markdown" \
  sh -c '! grep -rlE "#include[ \t]*<cmark" core compiler runtime cli include | grep -v "^compiler/front/markdown/"'
report_run "wall: zstd only in runtime/part and cli" \
  sh -c '! grep -rlE "#include[ \t]*<zstd\.h>" core compiler runtime cli include | grep -vE "^(runtime/part|cli)/"'
report_run "wall: libical only in runtime/window" \
  sh -c '! grep -rlE "#include[ \t]*<libical/" core compiler runtime cli include | grep -v "^runtime/window/"'
report_run "wall: each driver owns its client library" \
  sh -c '! grep -rlE "#include[ \t]*<(sqlite3|libpq-fe|sql|sqlext|sqlucode)\.h>" core compiler runtime cli include | grep -vE "^runtime/(driver/(sqlite|postgres|odbc)|state)/"'
report_run "wall: the machine does no I/O and reads no clock" \
  no_match '#include[ \t]*<(uv|stdio|time|unistd|fcntl|sys/)' runtime/machine
report_run "wall: libraries do not print, exit or read the environment" \
  sh -c '! grep -rnE "(^|[^a-z_])(printf|exit|getenv|puts)\(" core compiler runtime --include="*.c" | grep -vE "upk_[a-z_]*printf|vsnprintf|snprintf|//|\* "'

report_run "cppcheck" cppcheck --quiet --error-exitcode=1 -j "$jobs" \
  --std=c11 --enable=warning,portability --inline-suppr \
  --suppress=missingInclude --suppress=preprocessorErrorDirective \
  --suppress=nullPointerRedundantCheck `# allocators' exhausted() does not return` \
  -I include -I core -I compiler -I runtime core compiler runtime cli
# What needs no analysis of paths: seconds, and no false alarms. The whole of
# .clang-tidy takes minutes and is for reading.
tidy_checks='-*,bugprone-*,misc-redundant-expression,cert-err34-c'
for check in easily-swappable-parameters reserved-identifier macro-parentheses \
  narrowing-conversions sizeof-expression branch-clone \
  implicit-widening-of-multiplication-result misplaced-widening-cast; do
  tidy_checks=$tidy_checks,-bugprone-$check
done
tidy() {
  git ls-files 'core/*.c' 'compiler/*.c' 'runtime/*.c' 'cli/*.c' |
    xargs -P "$jobs" -n 8 clang-tidy -p build/asan --quiet \
      --extra-arg=-Wno-unknown-warning-option --warnings-as-errors='*' \
      --checks="$tidy_checks"
}
report_run "clang-tidy" tidy
# The other compiler: what the fuzz targets need anyway, warnings being errors.
build fuzz
