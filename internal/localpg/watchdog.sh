# Runs one Postgres server and ends with it. The Go package localpg starts it as
# the server's user, in its own session, and nobody kills it: file 3 is a pipe
# that only the parent writes to, so its end is the parent's end.
#
#   sh -c "$script" name BIN ROOT temporary|kept [postgres's options]
#
# For any POSIX sh. Postgres runs in the foreground, because sh makes background
# processes ignore SIGINT; "kill 0" means this session's own processes.
bin=$1 root=$2 life=$3
shift 3
umask 077
trap : HUP INT QUIT TERM # whoever sends them means the server; stay to clean up

sync=
if [ "$life" = temporary ]; then
	mkdir "$root" || exit 1
	sync=--no-sync
fi

( # waits for the parent's end, then for the server's
	trap '' INT QUIT
	read -r _ <&3
	tries=50 # ten seconds
	while [ "$tries" -gt 0 ]; do
		kill -INT 0 # initdb gives up; postgres ends all sessions and shuts down
		sleep 0.2 || sleep 1 # POSIX has whole seconds only
		tries=$((tries - 1))
	done
	kill -QUIT 0 # without a checkpoint: the next start recovers
) >/dev/null 2>&1 & # and lets go of the log

(
	trap : HUP INT QUIT TERM # only initdb's own result counts
	if [ ! -d "$root/data" ]; then
		rm -rf "$root/new" # half a cluster of a killed start
		"$bin/initdb" -D "$root/new" --username=syncer --auth-local=trust --auth-host=reject \
			--encoding=UTF8 --locale=C $sync || exit 1
		mv "$root/new" "$root/data" || exit 1
	fi
	exec "$bin/postgres" -D "$root/data" "$@"
) 3<&- >&2
code=$?

kill -TERM 0 # the waiting part
wait
if [ "$life" = temporary ]; then
	# The second try is for sessions that briefly outlive a killed postgres.
	rm -rf "$root" || { sleep 1 && rm -rf "$root"; }
fi
exit "$code"
