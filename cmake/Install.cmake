# Where Debian expects the files that belong to no program's folder.
set(DEFENDER_UNIT_DIR "lib/systemd/system" CACHE STRING "Folder of systemd units, below the prefix")
set(DEFENDER_DOC_DIR "${CMAKE_INSTALL_DATAROOTDIR}/doc/defender")

foreach(unit defender-milter.service defender-reporter.service defender-expire.service)
    configure_file(systemd/${unit}.in ${PROJECT_BINARY_DIR}/systemd/${unit} @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/systemd/${unit} DESTINATION ${DEFENDER_UNIT_DIR})
endforeach()
install(FILES systemd/defender-expire.timer DESTINATION ${DEFENDER_UNIT_DIR})
install(FILES systemd/defender.sysusers.conf DESTINATION lib/sysusers.d RENAME defender.conf)
install(FILES systemd/defender.tmpfiles.conf DESTINATION lib/tmpfiles.d RENAME defender.conf)
install(FILES conf/defender.toml conf/postfix-main.cf.example conf/sendmail.mc.example systemd/defender-postfix.tmpfiles.conf
    DESTINATION ${DEFENDER_DOC_DIR}/examples)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${DEFENDER_DOC_DIR})

file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/man/*.[1-8])
foreach(page ${pages})
    string(REGEX REPLACE ".*\\." "" section ${page})
    install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
