-- Every signed-in request: find_caller in src/auth/mod.rs, sent along with the reading by Asking::read in src/request.rs.
-- $1 = :session::uuid
-- $2 = :user::uuid
-- $3 = 1
SELECT "users"."role", "users"."city" FROM ("sessions" INNER JOIN "users" ON ("sessions"."user" = "users"."id"))
    WHERE ((((("sessions"."id" = $1) AND ("sessions"."user" = $2)) AND ("sessions"."ended_at" IS NULL))
        AND ("sessions"."expires_at" > CURRENT_TIMESTAMP)) AND "users"."active") LIMIT $3;

