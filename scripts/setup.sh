#!/bin/sh
# npm run setup: brings what the tests need from the system - a Redis binary - with the system's package
# manager, where that may be done without asking (root, or sudo without a password; Homebrew as the user).
# Does nothing when it is there. Otherwise: one line that says what to install, and exit 1.
set -eu

have() { command -v "$1" >/dev/null 2>&1; }

have_redis() { have redis-server || have valkey-server; }

give_up() {
  echo "setup: redis-server (or valkey-server) is missing; install it with: $1" >&2
  exit 1
}

# Runs a command as root, or fails without asking for a password.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif have sudo; then
    sudo -n "$@"
  else
    return 1
  fi
}

# Debian starts and enables a service on port 6379 together with the package. We want the binary only. Keeping
# the service from starting takes a policy-rc.d or a mask: both change how the whole machine installs packages
# and must be undone even if we are killed in between. Stopping it afterwards touches nothing but the service
# that this very installation has made (we are here only if the package was not installed before).
stop_debian_service() {
  if have systemctl && [ -d /run/systemd/system ]; then
    as_root systemctl disable --now redis-server
  elif have service; then
    as_root service redis-server stop
    if have update-rc.d; then as_root update-rc.d redis-server disable; fi
  fi
}

install_with_apt() {
  was_installed=no
  if dpkg -s redis-server >/dev/null 2>&1; then was_installed=yes; fi
  # Package lists may be missing (a container image) or old. A failure here (one source of many is down) need
  # not stop the install.
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq || true
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server || return 1
  if [ "$was_installed" = no ]; then stop_debian_service >/dev/null 2>&1 || true; fi
}

# Fedora and RHEL start no service on install. Newer ones have Valkey in Redis' place.
install_with_dnf() {
  as_root dnf install -y -q valkey || as_root dnf install -y -q redis
}

if have_redis; then exit 0; fi

# Package managers' output goes to stderr: it is progress, not a result.
if have apt-get; then
  command="sudo apt-get install redis-server"
  install_with_apt >&2 || give_up "$command"
elif have dnf; then
  command="sudo dnf install valkey (or redis)"
  install_with_dnf >&2 || give_up "$command"
elif have brew; then
  command="brew install redis"
  brew install redis >&2 || give_up "$command"
else
  give_up "your system's package manager (package redis-server, redis or valkey)"
fi

have_redis || give_up "$command"
echo "setup: a Redis server is installed"
