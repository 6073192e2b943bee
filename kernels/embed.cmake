# Writes OUT: a C table of the files FILES (a ;-list), each as its name and its bytes. HEADER declares
# TABLE, whose rows have the type TYPE.
set(text "/* Made by kernels/embed.cmake. */\n#include \"${HEADER}\"\n\n")
set(table "")
foreach(file ${FILES})
  get_filename_component(name ${file} NAME)
  string(MAKE_C_IDENTIFIER ${name} id)
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND text "static const char ${id}[] = {${bytes}0};\n")
  string(APPEND table "    {\"${name}\", ${id}},\n")
endforeach()
string(APPEND text "\nconst ${TYPE} ${TABLE}[] = {\n${table}    {0, 0}};\n")
file(WRITE ${OUT} "${text}")
