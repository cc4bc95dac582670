# Sourced: sets DOCKER_HOST to an engine, its own where none is running, and LOCAL_IMAGE to an image that stands in for
# Lambda's own, which cannot be pulled without a network: Debian's libc and a shell. Without an engine DOCKER_HOST is
# empty. Debian packages are installed with CI=true only.
# shellcheck shell=bash
docker_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
docker_work=$docker_root/.tools/docker
LOCAL_IMAGE=lambda-local:al2023
docker_pid=
# Seconds: an engine that runs and does not answer after them is hung.
docker_hung=300

docker_start() {
    command -v dockerd >/dev/null || [ "${CI:-false}" != true ] || {
        apt-get update -qq && apt-get install -y -qq --no-install-recommends docker.io iptables
    } >&2
    command -v dockerd >/dev/null && [ "$(id -u)" = 0 ] || return 1
    mkdir -p "$docker_work"
    export DOCKER_HOST=unix://$docker_work/docker.sock
    # It needs no way out: its containers reach this machine's bridge and nothing else.
    dockerd -H "$DOCKER_HOST" --data-root "$docker_work/data" --exec-root "$docker_work/exec" \
        --pidfile "$docker_work/dockerd.pid" --iptables=false --ip-masq=false >"$docker_work/log" 2>&1 &
    docker_pid=$!
    local hung=$((SECONDS + docker_hung))
    while kill -0 "$docker_pid" 2>/dev/null && [ "$SECONDS" -lt "$hung" ]; do
        docker info >/dev/null 2>&1 && return 0
        sleep 0.5
    done
    return 1
}

docker_stop() { [ -z "$docker_pid" ] || { kill "$docker_pid" && wait "$docker_pid"; } 2>/dev/null || true; }

docker_image() {
    docker image inspect "$LOCAL_IMAGE" >/dev/null 2>&1 && return 0
    local base=$docker_work/base name
    rm -rf "$base" && mkdir -p "$base/packages" "$base/root"
    (cd "$base/packages" && apt-get download -qq libc6 libgcc-s1 busybox-static ca-certificates) >&2
    for package in "$base"/packages/*.deb; do dpkg-deb -x "$package" "$base/root"; done
    mkdir -p "$base"/root/{tmp,var/task,var/runtime,opt,bin}
    for name in sh mv cp rm chmod ls cat mkdir env sleep id; do ln -sf busybox "$base/root/bin/$name"; done
    tar -C "$base/root" -c . | docker import -c 'ENV PATH=/usr/local/bin:/usr/bin:/bin:/opt/bin' \
        -c 'ENV LAMBDA_TASK_ROOT=/var/task' -c 'WORKDIR /var/task' - "$LOCAL_IMAGE" >&2
}

if docker info >/dev/null 2>&1 || docker_start; then
    docker_image
else
    unset DOCKER_HOST
    docker_engine=none
fi
export LOCAL_IMAGE
