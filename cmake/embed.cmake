# Writes OUTPUT: the files of stdlib/ and policies/ as one table of bytes.
# The names are relative to ROOT; the table ends with a NULL name.
file(GLOB_RECURSE files RELATIVE ${ROOT}
  ${ROOT}/stdlib/*.lua ${ROOT}/stdlib/*.sql
  ${ROOT}/policies/*.yaml ${ROOT}/policies/*.lua)
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
  "#include \"embedded.h\"\n${bodies}"
  "const struct embedded_file embedded_files[] = {\n${rows}  {0, 0, 0}};\n")
