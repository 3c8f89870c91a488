#!/usr/bin/env bash
# A private PostgreSQL for tests and trials, from the programs of Debian's package `postgresql`.
#
#   infra/deploy/postgres.sh start          starts a cluster in a new temporary folder and prints its URLs
#   infra/deploy/postgres.sh stop FOLDER    stops it and removes the folder
#
# It listens on 127.0.0.1 alone, on a free port, with a password of its own. PostgreSQL refuses to
# run as root; when root calls this, it runs as the user `postgres` (or POSTGRES_OWNER).
# `eval "$(infra/deploy/postgres.sh start)"` sets the variables that MLflow, Prefect and Espalier read.
set -euo pipefail

DATABASES=(mlflow prefect data)

die() { echo "postgres.sh: $*" >&2; exit 1; }

programs() {
  local newest
  if command -v pg_config >/dev/null 2>&1 && [ -x "$(pg_config --bindir)/initdb" ]; then
    pg_config --bindir
    return
  fi
  newest=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
  [ -n "$newest" ] && [ -x "$newest/initdb" ] || die "no PostgreSQL here; apt-get install postgresql"
  echo "$newest"
}

# Runs a command as a user who is not root, in a folder that this user may enter.
as_user() {
  if [ "$(id -u)" -ne 0 ]; then "$@"; else (cd / && runuser -u "$OWNER" -- "$@"); fi
}

free_port() {
  local port
  for _ in $(seq 100); do
    port=$((20000 + RANDOM % 20000))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then echo "$port"; return; fi
  done
  die "no free port"
}

start() {
  local bin folder port secret database
  bin=$(programs)
  folder=$(mktemp -d "${TMPDIR:-/tmp}/espalier-postgres.XXXXXX")
  trap 'rm -rf "$folder"' ERR
  secret=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  (umask 077 && echo "$secret" > "$folder/secret")
  if [ "$(id -u)" -eq 0 ]; then chown -R "$OWNER" "$folder"; fi
  as_user "$bin/initdb" -D "$folder/data" -U espalier --pwfile="$folder/secret" \
    -A scram-sha-256 -E UTF8 --locale=C --no-sync >"$folder/initdb.log" 2>&1 \
    || die "initdb failed: $(tail -n 3 "$folder/initdb.log")"
  port=$(free_port)
  # Not safe against a power cut, which a database for tests need not be.
  as_user "$bin/pg_ctl" -D "$folder/data" -l "$folder/server.log" -w -t 120 \
    -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder \
        -c fsync=off -c synchronous_commit=off -c max_connections=200" start >/dev/null \
    || die "the server did not start: $(tail -n 3 "$folder/server.log")"
  for database in "${DATABASES[@]}"; do
    PGPASSWORD=$secret "$bin/createdb" -h 127.0.0.1 -p "$port" -U espalier "$database"
  done
  trap - ERR
  local at="espalier:$secret@127.0.0.1:$port"
  echo "export POSTGRES_FOLDER=$folder"
  echo "export MLFLOW_TRACKING_URI=postgresql+psycopg2://$at/mlflow"
  echo "export PREFECT_SERVER_DATABASE_CONNECTION_URL=postgresql+asyncpg://$at/prefect"
  echo "export POSTGRES_DATA_URL=postgresql+psycopg2://$at/data"
}

stop() {
  local bin folder=$1
  bin=$(programs)
  [ -d "$folder/data" ] || die "$folder holds no cluster of this script"
  as_user "$bin/pg_ctl" -D "$folder/data" -m immediate -w stop >/dev/null || true
  rm -rf "$folder"
}

OWNER=${POSTGRES_OWNER:-postgres}
if [ "$(id -u)" -eq 0 ]; then
  id "$OWNER" >/dev/null 2>&1 || die "user $OWNER does not exist; set POSTGRES_OWNER"
fi
case "${1:-}" in
  start) start ;;
  stop) stop "${2:?the folder that start printed}" ;;
  *) die "say start, or stop FOLDER" ;;
esac
