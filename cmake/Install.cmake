# Where Debian expects the files that belong to no program's folder.
set(DEFENDER_UNIT_DIR "lib/systemd/system" CACHE STRING "Folder of systemd units, below the prefix")
set(DEFENDER_DOC_DIR "${CMAKE_INSTALL_DATAROOTDIR}/doc/defender")

# A unit for the one instance of a host, with /etc/defender/defender.toml, and its template for several: NAME@X takes
# /etc/defender/X.toml and has folders of its own. Not /run/defender/X, as /run/defender goes when its owner stops.
foreach(unit defender-milter defender-reporter defender-expire)
    set(DEFENDER_INSTANCE_TITLE "")
    set(DEFENDER_INSTANCE_SETTINGS "")
    set(DEFENDER_INSTANCE_RUN "")
    set(DEFENDER_INSTANCE_STATE "")
    configure_file(systemd/${unit}.service.in ${PROJECT_BINARY_DIR}/systemd/${unit}.service @ONLY)
    set(DEFENDER_INSTANCE_TITLE " (%i)")
    set(DEFENDER_INSTANCE_SETTINGS " --config /etc/defender/%i.toml")
    set(DEFENDER_INSTANCE_RUN "-%i")
    set(DEFENDER_INSTANCE_STATE "/%i")
    configure_file(systemd/${unit}.service.in ${PROJECT_BINARY_DIR}/systemd/${unit}@.service @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/systemd/${unit}.service ${PROJECT_BINARY_DIR}/systemd/${unit}@.service
        DESTINATION ${DEFENDER_UNIT_DIR})
endforeach()
install(FILES systemd/defender-expire.timer DESTINATION ${DEFENDER_UNIT_DIR})
install(FILES systemd/defender-expire.timer DESTINATION ${DEFENDER_UNIT_DIR} RENAME defender-expire@.timer)
install(FILES systemd/defender.sysusers.conf DESTINATION lib/sysusers.d RENAME defender.conf)
install(FILES systemd/defender.tmpfiles.conf DESTINATION lib/tmpfiles.d RENAME defender.conf)
install(FILES conf/defender.toml conf/postfix-main.cf.example conf/sendmail.mc.example conf/postgresql-roles.sql
    systemd/defender-postfix.tmpfiles.conf DESTINATION ${DEFENDER_DOC_DIR}/examples)
install(FILES README.md CHANGELOG.md SECURITY.md LICENSE DESTINATION ${DEFENDER_DOC_DIR})
install(FILES README.ja.md docs/OPERATIONS.md docs/RELOADING.md docs/REPORTING.md DESTINATION ${DEFENDER_DOC_DIR})
install(FILES conf/prometheus/defender.rules.yml conf/grafana/defender.json DESTINATION ${DEFENDER_DOC_DIR}/examples)

file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/man/*.[1-8])
foreach(page ${pages})
    string(REGEX REPLACE ".*\\." "" section ${page})
    install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
