# SPDX-License-Identifier: GPL-2.0-or-later
# What `cmake --install` puts in place: the binary, its manual page, and what other programs take of
# contrib/.

install(TARGETS ringfence RUNTIME DESTINATION "${CMAKE_INSTALL_SBINDIR}")
install(FILES "${CMAKE_SOURCE_DIR}/docs/ringfence.8" DESTINATION "${CMAKE_INSTALL_MANDIR}/man8")
install(FILES "${CMAKE_SOURCE_DIR}/contrib/prometheus/ringfence.rules.yml"
  DESTINATION "${CMAKE_INSTALL_DATADIR}/ringfence/prometheus")
install(FILES "${CMAKE_SOURCE_DIR}/contrib/grafana/ringfence.json"
  DESTINATION "${CMAKE_INSTALL_DATADIR}/ringfence/grafana")

# The unit names the binary where it is installed, which --prefix decides as late as then.
set(rf_unit "${CMAKE_BINARY_DIR}/ringfence-export.service")
install(CODE "
  file(READ \"${CMAKE_SOURCE_DIR}/contrib/systemd/ringfence-export.service\" unit)
  cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_PREFIX NORMALIZE OUTPUT_VARIABLE prefix)
  string(REPLACE \"/usr/sbin/\" \"\${prefix}/${CMAKE_INSTALL_SBINDIR}/\" unit \"\${unit}\")
  file(WRITE \"${rf_unit}\" \"\${unit}\")
")
install(FILES "${rf_unit}" DESTINATION lib/systemd/system)
