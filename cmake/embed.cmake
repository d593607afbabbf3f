# Writes OUTPUT: files below ROOT as one table of bytes, called TABLE, of struct
# embedded_file. GLOBS, separated by "|", say which. The names are relative to
# ROOT; the table ends with a NULL name.
string(REPLACE "|" ";" globs "${GLOBS}")
list(TRANSFORM globs PREPEND ${ROOT}/)
file(GLOB_RECURSE files RELATIVE ${ROOT} ${globs})
list(SORT files)
set(bodies "")
set(rows "")
set(number 0)
foreach(file ${files})
  file(READ ${ROOT}/${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND bodies
    "static const unsigned char file_${number}[] = {${bytes}0};\n")
  string(APPEND rows
    "  {\"${file}\", file_${number}, sizeof(file_${number}) - 1},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT}
  "#include \"${HEADER}\"\n${bodies}"
  "const struct embedded_file ${TABLE}[] = {\n${rows}  {0, 0, 0}};\n")
