#!/usr/bin/env bash
# What an operator does to a stack, over the AWS CLI: docs/runbook.md says when. Prints JSON. No secret is in it.
set -euo pipefail

usage() {
    cat >&2 <<'TEXT'
operator.sh STACK COMMAND

  stop REASON, start REASON              all syncs
  list [STATE [CAUSE]]                   all connections of all owners; one by one what fails or wants looking at, or
                                         those of STATE (pending, connected, attention, failing, paused) and CAUSE
  show ID                                one connection
  pause ID, resume ID                    one connection's syncs
  sync ID                                sync it now
  again ID SINCE                         read again what changed since, such as 2026-11-01T00:00:00Z
  retry-set-aside ID, sweep ID           try what is set aside now; begin both sweeps now
  forget-checkpoint ID                   read everything again, as the first sync did
  move OWNER OWNER                       give all that the first owner has to the second
  letters, purge-letters REASON          show ten dead letters; delete all of them
TEXT
    exit 2
}

fail() {
    printf '%s\n' "$1" >&2
    exit 1
}

# A resource's name.
of() { aws cloudformation describe-stack-resource --stack-name "$stack" --logical-resource-id "$1" --query StackResourceDetail.PhysicalResourceId --output text; }

# A text in JSON.
quoted() {
    local text=$1
    case $text in *[[:cntrl:]]*) fail 'no control characters, please' ;; esac
    text=${text//\\/\\\\}
    printf '"%s"' "${text//\"/\\\"}"
}

# Asks the function that syncs.
ask() { # COMMAND [MEMBER TEXT]...
    local command=$1
    shift
    invoke SyncIncidents operator "$command" "$@"
}

# Sends a function an event of these members, and prints its answer.
invoke() { # FUNCTION [MEMBER TEXT]...
    local event error function=$1
    event="{\"by\":$(quoted "$(aws sts get-caller-identity --query Arn --output text)")"
    shift
    while [ $# -gt 0 ]; do
        event+=",$(quoted "$1"):$(quoted "$2")"
        shift 2
    done
    printf '%s}' "$event" >"$work/event"
    error=$(aws lambda invoke --function-name "$(of "$function"):live" --payload "fileb://$work/event" \
        --query FunctionError --output text "$work/answer")
    printf '%s\n' "$(cat "$work/answer")"
    [ "$error" = None ] || fail 'the function has failed: its log says why'
    case $(cat "$work/answer") in '{"error":'*) exit 1 ;; esac
}

# As `ask`, until the connection is free. A sync that was killed keeps its lease for 40 s at most.
ask_patiently() {
    local until=$((SECONDS + 240))
    while answer=$(ask "$@") && is_busy "$answer" && [ "$SECONDS" -lt "$until" ]; do
        printf 'another sync has the connection: trying again\n' >&2
        sleep 5
    done
    printf '%s\n' "$answer"
    ! is_busy "$answer" && [[ $answer != '{"error":'* ]]
}

# Whoever passes an answer on may put spaces into its JSON.
is_busy() { [[ $1 =~ \"result\":\ *\"busy\" ]]; }

# Why, in the log. What was done is done, whether or not the function works.
note() {
    ask note text "$1" >/dev/null || printf 'the reason is not in the log: %s\n' "$1" >&2
}

# Switches the timer, and what reads the queue, where there is one.
switch() { # ENABLED|DISABLED --enabled|--no-enabled
    local mapping
    # An update takes the place of all that a schedule has.
    aws scheduler get-schedule --name "$(of SyncIncidentsTick)" --output json --query \
        "{Name:Name,ScheduleExpression:ScheduleExpression,FlexibleTimeWindow:FlexibleTimeWindow,Target:Target,State:'$1'}" >"$work/schedule"
    aws scheduler update-schedule --cli-input-json "file://$work/schedule" >"$work/said"
    if mapping=$(of SyncIncidentsFromQueue 2>"$work/said"); then
        aws lambda update-event-source-mapping --uuid "$mapping" "$2" >"$work/said"
    fi
    printf '{"syncs":"%s"}\n' "$1"
}

[ $# -ge 2 ] || usage
stack=$1 command=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case $command-$# in
    stop-1)
        switch DISABLED --no-enabled
        note "stop: $1"
        ;;
    start-1)
        switch ENABLED --enabled
        note "start: $1"
        ;;
    list-0) ask list ;;
    list-1) ask list state "$1" ;;
    list-2) ask list state "$1" cause "$2" ;;
    show-1 | pause-1 | resume-1) ask "$command" connection "$1" ;;
    sync-1 | retry-set-aside-1 | sweep-1 | forget-checkpoint-1) ask_patiently "$command" connection "$1" ;;
    again-2) ask_patiently again connection "$1" since "$2" ;;
    move-2) invoke Connections move "$1" to "$2" ;;
    letters-0)
        aws sqs receive-message --queue-url "$(of DeadLetters)" --visibility-timeout 0 --max-number-of-messages 10 \
            --query 'Messages[].Body' --output json
        ;;
    purge-letters-1)
        note "purge-letters: $1"
        aws sqs purge-queue --queue-url "$(of DeadLetters)"
        ;;
    *) usage ;;
esac
