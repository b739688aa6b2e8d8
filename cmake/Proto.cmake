# The Mesos v1 messages, generated and compiled once. Only wire/*.cpp includes the generated headers.
file(GLOB protos CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/wire/mesos/proto/*.proto)
add_library(windlass_proto STATIC)
set_target_properties(windlass_proto PROPERTIES UNITY_BUILD OFF)  # generated names clash
target_include_directories(windlass_proto SYSTEM PUBLIC ${CMAKE_BINARY_DIR}/generated)
target_link_libraries(windlass_proto PUBLIC protobuf::libprotobuf)
target_compile_options(windlass_proto PRIVATE -w -O1)
if(WINDLASS_SANITIZE MATCHES "address|undefined")
  # Generated code is the slowest part of these builds and not what they are for; the fuzzer keeps its coverage of it.
  target_compile_options(windlass_proto PRIVATE -fno-sanitize=address,undefined)
endif()
# Mesos marks fields as deprecated that foreign frameworks still send (role). Its JSON rules need the mark; we need no
# alarm.
target_compile_options(windlass_proto INTERFACE -Wno-deprecated-declarations)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/generated)
foreach(proto ${protos})
  get_filename_component(folder ${proto} DIRECTORY)
  get_filename_component(stem ${proto} NAME_WE)
  set(out ${CMAKE_BINARY_DIR}/generated/${stem}.pb)
  add_custom_command(OUTPUT ${out}.cc ${out}.h
    COMMAND protobuf::protoc --cpp_out=${CMAKE_BINARY_DIR}/generated -I ${folder} ${proto}
    DEPENDS ${protos} VERBATIM)
  target_sources(windlass_proto PRIVATE ${out}.cc)
endforeach()
