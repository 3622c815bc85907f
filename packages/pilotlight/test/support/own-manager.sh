# Runs a command beside a systemd manager of its own: sh own-manager.sh <home> <command…>
# For `unshare --mount` as root: /run is made empty in this namespace only, and nothing of it is left behind.
set -eu
home=$1
shift
[ "$(readlink /proc/self/ns/mnt)" != "$(readlink /proc/1/ns/mnt)" ]
mount -t tmpfs tmpfs /run
# What the system's manager makes at boot: that it was booted, and what is mounted over what a unit may not see.
mkdir -p /run/systemd/system /run/systemd/inaccessible/dir
touch /run/systemd/inaccessible/reg
mkfifo /run/systemd/inaccessible/fifo
mknod /run/systemd/inaccessible/chr c 0 0 || :
mknod /run/systemd/inaccessible/blk b 0 0 || :
chmod 000 /run/systemd/inaccessible/*
mkdir -m 700 /run/own

root=/sys/fs/cgroup
[ -d $root/systemd ] && root=$root/systemd
group=$root/pilotlight-test-$$
mkdir "$group"
echo $$ >"$group/cgroup.procs"

export HOME="$home" XDG_RUNTIME_DIR=/run/own XDG_CONFIG_HOME="$home/.config"
unset DBUS_SESSION_BUS_ADDRESS || :
/lib/systemd/systemd --user --unit=basic.target >/dev/null 2>&1 &
manager=$!
end() {
  kill -s TERM $manager
  wait $manager || :
  echo $$ >$root/cgroup.procs
  find "$group" -depth -type d -exec rmdir {} + || :
}
trap end EXIT
for _ in $(seq 200); do
  systemctl --user is-active --quiet basic.target 2>/dev/null && break
  sleep 0.1
done
"$@"
