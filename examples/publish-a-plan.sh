#!/usr/bin/env bash
# The life of a Local Action Plan, from an empty draft to what everybody reads, with curl alone.
#
#   make run        (in another terminal; it prints passwords), then with them
#   ADMIN=admin@iuc.example:… CITY=yokohama@iuc.example:… PARTNER=frankfurt@iuc.example:… examples/publish-a-plan.sh
#
# CITY writes the plan, PARTNER consents to the action that both do together, ADMIN approves. Each write names the state
# it means by If-Match, so that nobody's edit is lost, and the creation has a key, so that it can be repeated safely.
# Exit status 0: the plan is published, and its URL is the last line.
set -euo pipefail

api=${API:-http://127.0.0.1:8080/v1}
pairing=${PAIRING:-frankfurt-yokohama}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# call METHOD PATH TOKEN [BODY] [options of curl…]: prints the answer; its ETag is kept for the next If-Match.
call() {
    local method=$1 path=$2 token=$3 body=${4:-}
    shift $(($# < 4 ? $# : 4))
    local options=(--silent --show-error --request "$method" --dump-header "$work/head" --output "$work/body")
    options+=(--write-out '%{http_code}')
    [ -z "$token" ] || options+=(--header "Authorization: Bearer $token")
    [ -z "$body" ] || options+=(--data "$body")
    [ -z "$body" ] || [ "$method" = PATCH ] || options+=(--header 'Content-Type: application/json')
    local status
    status=$(curl "${options[@]}" "$@" "$api$path")
    if [ "$status" -ge 400 ]; then
        printf '%s %s answered %s:\n%s\n' "$method" "$path" "$status" "$(cat "$work/body")" >&2
        return 1
    fi
    sed -n 's/^[Ee][Tt][Aa][Gg]: //p' "$work/head" | tr -d '\r' >"$work/etag"
    cat "$work/body"
}

# The first, or every, text in the JSON on standard input that stands under this name.
every() { grep -o "\"$1\":\"[^\"]*\"" | cut -d'"' -f4; }
first() { every "$1" | sed -n 1p; }
if_match() { printf 'If-Match: %s' "$(cat "$work/etag")"; }

sign_in() {
    call POST /sessions '' "{\"email\": \"${1%%:*}\", \"password\": \"${1#*:}\"}" | first access_token
}

admin=$(sign_in "${ADMIN:?e-mail:password of an admin}")
city=$(sign_in "${CITY:?e-mail:password of a user of the city that writes}")
partner=$(sign_in "${PARTNER:?e-mail:password of a user of its partner city}")
city_id=$(call GET /me "$city" | first city)
partner_id=$(call GET /me "$partner" | first city)

echo "1. $city_id begins a draft, which only $city_id and admins see."
plan=$(call POST /action-plans "$city" "{
    \"proponents\": [\"$city_id\"], \"pairing\": \"$pairing\", \"title\": {\"en\": \"Cool streets\", \"ja\": \"涼しい街路\"}
}" --header "Idempotency-Key: cool-streets-$$-$RANDOM" | first id)

echo "2. What is still missing before it can be handed in:"
call GET "/action-plans/$plan/validation" "$city" | every pointer | sed 's/^/   /'

echo "3. The rest is written, on the state that was read last."
call GET "/action-plans/$plan" "$city" >/dev/null
call PATCH "/action-plans/$plan" "$city" "{
    \"sdg_relevance\": [{\"target\": \"11.7\", \"note\": {\"en\": \"Green public spaces\"}}, {\"goal\": \"13\"}],
    \"executive_summary\": {\"en\": \"Trees, shade and light pavements for the ten hottest streets.\"},
    \"objectives\": {\"en\": \"Two degrees less on summer afternoons.\"},
    \"context\": {\"en\": \"Summer nights have become hotter by three degrees in a century.\"},
    \"inputs\": {\"text\": {\"en\": \"Learned from the partner city.\"},
        \"sources\": [{\"type\": \"meeting\", \"id\": \"exchange-meeting-3\", \"note\": {\"en\": \"The round table\"}}]},
    \"activities\": [{\"key\": \"trees\", \"title\": {\"en\": \"Plant trees\"},
        \"description\": {\"en\": \"Four hundred trees in ten streets.\"}, \"when\": \"2019-04/2020-03\",
        \"responsible\": \"Parks department\", \"budget\": {\"amount\": \"250000.00\", \"currency\": \"EUR\"}}],
    \"implementation\": {\"text\": {\"en\": \"By the parks department, street by street.\"},
        \"stakeholders\": [{\"name\": \"Residents\", \"role\": \"Choose the trees\"}]},
    \"risks\": [{\"key\": \"drought\", \"description\": {\"en\": \"Young trees die of drought.\"}, \"likelihood\": 3, \"impact\": 4,
        \"mitigation\": {\"en\": \"Watering for three years.\"}}],
    \"follow_up\": {\"text\": {\"en\": \"Measured each August.\"}, \"indicators\": [{\"key\": \"heat\",
        \"name\": {\"en\": \"Afternoon heat\"}, \"unit\": \"°C\", \"baseline\": {\"value\": 35.2, \"on\": \"2018-08\"},
        \"target\": {\"value\": 33.2, \"on\": \"2021-08\"}}]},
    \"joint_actions\": [{\"key\": \"seedlings\", \"title\": {\"en\": \"Exchange of seedlings\"},
        \"description\": {\"en\": \"Each city plants an avenue of the other's trees.\"}, \"with\": [\"$partner_id\"]}]
}" --header 'Content-Type: application/merge-patch+json' --header "$(if_match)" >/dev/null

echo "4. $city_id hands it in. Now $partner_id reads it, and answers for the joint action as it has read it:"
call POST "/action-plans/$plan/transitions" "$city" '{"to": "submitted"}' --header "$(if_match)" >/dev/null
call GET "/action-plans/$plan" "$partner" >/dev/null
call POST "/action-plans/$plan/joint-actions/seedlings/consent" "$partner" \
    '{"decision": "accepted", "comment": "With pleasure."}' --header "$(if_match)" | first decision | sed "s/^/   $partner_id: /"

echo "5. The programme approves the state that it has read."
call GET "/action-plans/$plan" "$admin" >/dev/null
call POST "/action-plans/$plan/transitions" "$admin" '{"to": "approved", "comment": "A model for others."}' \
    --header "$(if_match)" >/dev/null

echo "6. Everybody reads it, without a token:"
status=$(call GET "/action-plans/$plan?fields=status" '' | first status)
echo "   status: $status"
[ "$status" = approved ]
echo "   $api/action-plans/$plan"
