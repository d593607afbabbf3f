#!/usr/bin/env bash
# The ODBC driver on a real MariaDB server.
# Usage: driver_mariadb.sh PROGRAM
# PROGRAM is live_driver_mariadb, as built by tests/CMakeLists.txt.
set -u
program=${1:?the path of live_driver_mariadb}
. "$(dirname "$0")/mariadb.sh"
my_start || exit 1
my_sql "create database shop; create user plain@localhost identified by 'open;sesame'; create user taker@localhost" || exit 1
my_sql "create table crowd as select seq as i from seq_1_to_20000; create table one (i int primary key) as select 1 as i" shop || exit 1
"$program" "$(my_connect shop)" "$(my_connect shop | sed 's/UID=root/UID=plain/');PWD={open;sesame}"
