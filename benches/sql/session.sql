-- Every signed-in request: find_person in src/auth/claim.rs, sent along with the reading by Asking::read in src/request.rs.
-- $1 = :session::uuid
-- $2 = :session::uuid
-- $3 = :user::uuid
-- $4 = 1
SELECT "users"."role", "users"."city", ("sessions"."unseen_token" IS NOT DISTINCT FROM $1)
    FROM ("sessions" INNER JOIN "users" ON ("sessions"."user" = "users"."id"))
    WHERE ((((("sessions"."id" = $2) AND ("sessions"."user" = $3)) AND ("sessions"."ended_at" IS NULL))
        AND ("sessions"."expires_at" > CURRENT_TIMESTAMP)) AND "users"."active") LIMIT $4;
