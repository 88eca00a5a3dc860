# What the service says about problems, in English. One message per code of src/problem.rs:
# the value is the `detail` of an answer, `.title` its title, `.help` the text of the page behind its `type`.
# A translation is a file of the same form beside this one, named in src/messages.rs.

## Problems: the request

problem-invalid-json = { $lines ->
        [one] This is not JSON: { $reason } at column { $column }.
       *[many] This is not JSON: { $reason } at line { $line }, column { $column }.
    }
    .title = The body is not valid JSON
    .help = The body could not be read as JSON (RFC 8259) in UTF-8. The detail names the line and column where reading stopped. Nothing was stored. Mend the body and send it again.
problem-invalid-input = { $count ->
        [one] One part of the request is not valid; `errors` names it.
        [100] Very many parts of the request are not valid; `errors` names the first 100 that were found.
       *[other] { $count } parts of the request are not valid; `errors` names each of them.
    }
    .title = The request is not valid
    .help = One or more parts of the request break a rule of the API. `errors` lists all of them at once: `pointer` is a JSON Pointer (RFC 6901) into the body, `parameter` the name of a query parameter or header field, `code` the rule (it never changes), `detail` what to do. Nothing was stored.
problem-request-timeout = The body did not arrive within { $seconds } seconds.
    .title = The request took too long to arrive
    .help = The service waits a limited time for the body of a request. Nothing was stored. Send it again, on a better line or in smaller parts.
problem-upload-stalled = For { $seconds } seconds less than { $bytes } bytes of the upload arrived.
    .title = The upload stalled
    .help = An upload may be slow, but it has to keep coming. Nothing was stored. Send it again, on a better line; with the same Idempotency-Key it is never stored twice.
problem-invalid-multipart = The form cannot be read: { $reason }.
    .title = The form cannot be read
    .help = The body is not a whole multipart/form-data (RFC 7578), or the connection broke before its end. Nothing was stored.
problem-payload-too-large = The body is larger than { $limit } bytes.
    .title = The body is too large
    .help = A request body may have at most the number of bytes that the detail names. Nothing was stored.
problem-unsupported-media-type = The body must be one of: { $accepted }.
    .title = The media type of the body is not supported
    .help = The Content-Type of the request is missing or not one that this operation takes. The detail lists those that it does. For PATCH they are application/merge-patch+json (RFC 7396) and application/json-patch+json (RFC 6902); `Accept-Patch` tells them too.
problem-unsupported-file-type = Files of this type are not taken. Those that are: { $accepted }.
    .title = The file is of a type that is not taken
    .help = A file is known by the media type of its part and the ending of its name. What a browser or a computer would run, such as HTML, SVG or a script, is not taken. Nothing was stored.
problem-file-type-mismatch = The content of the file is not { $media_type }.
    .title = The content of the file is of another type
    .help = The bytes of the file do not begin as those of its media type and name do. Nothing was stored. Send it with the right name and media type.
problem-range-not-satisfiable = The file has { $size } bytes: there is nothing in the range that was asked for.
    .title = The range is not in the file
    .help = Range asks for bytes beyond the end of the file (RFC 9110, section 14.2). Content-Range tells its size. A download that is whole already needs no more.
problem-unsupported-content-encoding = The body must be sent without Content-Encoding.
    .title = Compressed bodies are not supported
    .help = Request bodies are taken as they are: a compressed one could hide a much larger one. Send the body without a Content-Encoding field. Answers may still be compressed.
problem-not-acceptable = This can be answered as: { $available }.
    .title = No acceptable representation
    .help = The Accept field of the request (or its `format` parameter) names no media type in which this can be answered. The detail lists what there is.
problem-method-not-allowed = This path answers: { $allowed }.
    .title = The method is not allowed here
    .help = The path exists, but not with this method. The Allow field of the answer lists the methods it takes.

## Problems: who is asking

problem-unauthenticated = This needs an access token: send `Authorization: Bearer …`.
    .title = Sign in first
    .help = The operation is not open to anonymous callers. Get a token with POST /v1/sessions and send it in the Authorization field as `Bearer` followed by the token.
problem-invalid-token = The access token is not valid, has expired or was taken back. Renew it at /oauth/token or sign in again.
    .title = The access token is not valid
    .help = Access tokens live for ten minutes and end at once with their session or account. Renew with the refresh token at /oauth/token (grant_type=refresh_token), or sign in again.
problem-invalid-credentials = The e-mail address or the password is wrong.
    .title = Signing in failed
    .help = The pair of e-mail address and password is not that of an active account. For safety the answer is the same whichever of the two is wrong.
problem-invalid-grant = The refresh token is not valid, has expired, was used before, or is that of another `client_id`.
    .title = The refresh token is not valid
    .help = A refresh token works once: each renewal answers the next one. When one is used twice the whole session ends, because somebody else may hold it. Sign in again. An application sends its `client_id` with each renewal.
problem-invalid-code = The code is not valid, has expired, was used before, or `client_id`, `redirect_uri` or `code_verifier` are not those it was given for.
    .title = The code is not valid
    .help = An authorization code can be exchanged for tokens once, within a minute, by the application that it was given to: with the same `client_id` and `redirect_uri` as at /oauth/authorize, and the `code_verifier` whose SHA-256 was sent there as `code_challenge` (RFC 7636). A code that is shown a second time ends the session it gave, because somebody else may hold it. Send the person to /oauth/authorize again.
problem-foreign-page = This was sent by a page of another site.
    .title = Sign in on the page of this service
    .help = The form to sign in with is taken from this service's own page alone, so that no other page can have passwords tried or sign somebody in. Open the page again and fill it in there.
problem-unsupported-grant-type = `grant_type` must be authorization_code, client_credentials or refresh_token.
    .title = The grant type is not supported
    .help = /oauth/token takes forms. A machine client sends `grant_type=client_credentials` with its id and secret (RFC 6749, section 4.4), an application to which a person signed in `grant_type=authorization_code` and `code` (section 4.1.3); a person's tokens are renewed by `grant_type=refresh_token` and `refresh_token` (section 6).
problem-invalid-scope = No more is granted than: { $granted }.
    .title = The scope is not granted
    .help = `scope` names scopes separated by spaces, none but those that are granted to the client, or that the session has. Leave it out to get all of them.
problem-foreign-token = The token was given to somebody else.
    .title = The token is not yours
    .help = A machine client takes back its own tokens alone. A person's token is taken back by whoever holds it, without the id and secret of a client.
problem-invalid-client = The client is not known, is switched off, or the secret is wrong.
    .title = The client could not be authenticated
    .help = A machine client authenticates by `Authorization: Basic` with its id and secret, each encoded as in a form (RFC 6749, section 2.3.1), or by `client_id` and `client_secret` in the form. A secret that was replaced works for a day longer.
problem-insufficient-scope = This needs a token with the scope { $scope }.
    .title = The token does not reach this far
    .help = A machine client may do what its role and the scopes of its token allow. Ask for a token with this scope; when it is not granted to the client, a user of its city can grant it at /clients. An application has a person's role as far as its scopes reach: an admin grants more at /applications, and then the person signs in again.
problem-not-for-clients = This is closed to machine clients, to applications, and to a person's token that was asked for with a narrower scope.
    .title = Not for machine clients and applications
    .help = Accounts, sessions, machine clients and the audit trail are for people: no scope opens them. A person signs in without an application (POST /sessions, or in Swagger UI), and renews the tokens without `scope`.
problem-too-many-secrets = It has { $limit } secrets already.
    .title = Too many secrets
    .help = Replaced secrets still work for a while, and a client or a webhook has no more than ten at a time. End one that is not used any more: DELETE /clients/…/secrets/… or /webhooks/…/secrets/….
problem-last-secret = This is the secret that lasts: without it deliveries would soon carry no signature.
    .title = Nothing would be left to sign with
    .help = Make another secret first (POST /webhooks/…/secrets) and give it to the receiver; then end this one.
problem-too-many-webhooks = There are { $limit } webhooks already.
    .title = Too many webhooks
    .help = A city, and the programme, has no more than twenty webhooks. Delete one that is not used any more, or let one tell of more: `types` and `cities` take several values each.
problem-webhook-off = The webhook is switched off.
    .title = The webhook is switched off
    .help = A webhook that is switched off sends nothing but tests. `off_because` tells why it is off; PATCH `active: true` switches it on again, and what has failed is sent again by itself.
problem-forbidden = { $city ->
        [none] Your role ({ $role }) does not allow this here.
       *[other] Your role ({ $role }) does not allow this here, or not to your city ({ $city }): cities write what is their own.
    }
    .title = Not allowed
    .help = The token is good, and you may see the thing, but your role gives no right to do this with it. City users write what belongs to their own city; the programme's own records are written by admins.
problem-not-asked = Only users of a city that the joint action names in `with` answer for it; nobody does so in a city's place, no admin either.
    .title = Your city is not asked
    .help = You may see the plan, but this joint action does not name your city. Consents are given by the users of the cities that stand in its `with`.
problem-too-many-sign-ins = Too many failed sign-ins. Wait { $seconds } seconds and try again.
    .title = Too many failed sign-ins
    .help = Sign-in is slowed down per account and per address after repeated failures. Retry-After tells how long to wait.
problem-too-many-requests = Too many requests. Wait { $seconds } seconds and try again.
    .title = Too many requests
    .help = Each caller may send a limited number of requests in a time; the RateLimit fields tell how many are left, Retry-After how long to wait.
problem-too-many-uploads = Too many uploads are running. Try again shortly.
    .title = Too many uploads at once
    .help = Each account may have four uploads running, and each instance of the service sixteen. Wait until one of them has ended.
problem-too-many-exports = Too many exports are running. Try again shortly.
    .title = Too many exports at once
    .help = Each caller may read one half of the exports that an instance of the service runs at once. Read one to its end before you begin the next, and close those that you no longer read.

## Problems: the thing asked for

problem-not-found = There is nothing here, or nothing that you may know of.
    .title = Not found
    .help = The resource does not exist, was deleted, or is private to somebody else; the answer is the same in all three cases.
problem-no-such-path = No operation has this path. The OpenAPI document at /openapi.json lists all of them.
    .title = No such path
    .help = The path of the URL is not one of the API's. Check its spelling against /openapi.json or /docs; all resources are below /v1.
problem-precondition-required = Send `If-Match` with the ETag that you read, so that nobody's edit is lost.
    .title = If-Match is required
    .help = Changes to existing things are conditional (RFC 6585, section 3). Read the resource, keep its ETag, and send it back in If-Match: if somebody has changed it in between you get a 412 instead of overwriting them. `If-Match: *` overrides on purpose.
problem-cursor-expired = The cursor leads to changes that are forgotten, or to before a backup was restored. Begin again with the exports that `exports` names.
    .title = The cursor has expired
    .help = A cursor of the change feed lives 400 days, and ends when a backup is restored. What has changed since can no longer be told one by one: read the exports that `exports` names (application/x-ndjson), put them in the place of your copy, and go on from the cursor in their last line; of several exports, from that of the first. Nothing is missed then.
problem-precondition-failed = { $state ->
        [absent] There is nothing here, and If-Match only replaces what is there: leave it out to make it.
        [unquoted] An ETag stands in quotation marks, which belong to it: send it as it was answered. It is now { $etag }.
        [present] This is there already, and If-None-Match: * only makes what is not: it is now { $etag }.
       *[changed] This has changed since you read it: it is now { $etag }.
    }
    .title = The resource has changed
    .help = `detail` tells which condition does not hold. Mostly the ETag in If-Match is not the present one; somebody else wrote in between. Nothing was stored. Read the resource again, apply your change to what it is now, and send it with the new ETag, which this answer carries too. Of an action plan the answer tells more, when your ETag is that of one of its versions: `conflicts` lists what you and somebody else changed, each differently, with what it was (`base`), what you sent (`yours`) and what is stored (`theirs`); `merge` is the rest of your change as a JSON Merge Patch, which you can send with the new ETag. With `Prefer: conflict=merge` both edits are stored at once when nothing collides.
problem-bulk-undone = Another line could not be stored, so this one is not stored either.
    .title = Nothing of the request is stored
    .help = With `atomic=true` all lines are stored or none. At least one line failed, and tells why in its own result; mend it and send all of them again. Nothing was stored.
problem-already-exists = A resource with this { $field } exists already.
    .title = Already there
    .help = Another resource has the value that must be unique; `errors` names the field. Nothing was stored.
problem-id-used-before = This id belonged to something that was deleted; ids are never given twice.
    .title = The id was used before
    .help = Readable ids are never reused, so that a link never comes to mean another thing. Choose another id.
problem-still-referenced = Something else still refers to this, or to a part that this change would remove.
    .title = Still in use
    .help = Other resources name this one, or the part of it that would go. Change or delete those first; what a version of an action plan names stays as long as there is the plan. `errors` and `referenced_by` name some of each kind; of what you may not see you are only told that it is there.
problem-template-in-use = Action plans are written along this template, so its sections stay as they are, but for their hints. Make a new template with other sections.
    .title = The template is in use
    .help = A plan stays on the template as it was begun with: once a plan names a template, its sections can no longer be changed, only their hints and its name. Make a new template (POST /templates) with the sections as you want them: plans that are begun later and name no template are written along the newest one of their programme. Nothing was stored.
problem-cited-as-source = The plan names this lesson as a source, so it does not decline it.
    .title = The plan cites this lesson
    .help = A plan adopts a lesson by naming it as a source, or declines it with a reason, but not both. Take the source out of the plan first. Nothing was stored.
problem-transition-not-possible = The plan is { $status }; from there it cannot become { $to }, but: { $possible }.
    .title = The plan cannot go there
    .help = A plan goes from one status to another by certain ways only: a draft or returned plan is submitted, a submitted one returned or approved, each of them withdrawn, a withdrawn one reopened as a draft. The detail tells where it stands and where it can go. Nothing was stored.
problem-plan-incomplete = { $count ->
        [one] One part is missing; `errors` names it.
       *[other] { $count } parts are missing; `errors` names each of them.
    }
    .title = The plan is not complete
    .help = A plan is submitted and approved, and stays submitted, only when it has all that its template asks for. `errors` names each missing part by JSON Pointer; its path with /validation tells the same at any time. Write what is missing; to work on a submitted plan freely, withdraw it first, or have it returned. Nothing was stored.
problem-indicator-measured = An indicator that has been measured stays in the plan, under its key and in its unit; `errors` names each.
    .title = The indicator has been measured
    .help = What was measured of an indicator is found by its key and told in its unit. So once it has been measured, the indicator can no longer be taken out of the plan, nor get another key or unit; its name, baseline and target may change. A body that takes the place of a plan has to hold it too, with its `key`. Nothing was stored.
problem-not-restorable = { $count ->
        [one] Version { $version } cannot be restored as it was: one part of it does not hold any more; `errors` names it.
       *[other] Version { $version } cannot be restored as it was: { $count } parts of it do not hold any more; `errors` names each of them.
    } Read that version, mend these places, and send it as a replacement of the plan.
    .title = The version cannot be restored
    .help = A version comes back through all the checks of a replacement. Since it was written, something that it names may have been deleted, or hidden from you, such as a source, or a city may have left the pairing. `errors` names each place in that version. GET it, take these parts out or mend them, and send the rest with PUT. Nothing was stored.
problem-plan-withdrawn = The plan was withdrawn. Reopen it first.
    .title = The plan was withdrawn
    .help = A withdrawn plan is not edited. Its proponents and admins reopen it by a transition to draft. Nothing was stored.
problem-joint-plan = The plan is also that of { $others }. Withdraw it, or take your city out of its proponents.
    .title = A plan of several cities is not deleted by one of them
    .help = What several cities have written is deleted by the programme office alone. A proponent withdraws the plan by a transition, which any of them takes back by reopening it, or leaves it by a PATCH of `proponents` without its own city. Nothing was stored.
problem-plan-not-submitted = The plan is { $status }; cities consent to what is submitted.
    .title = The plan is not submitted
    .help = Cities that a joint action names accept or decline it while the plan is submitted: then its text is what the programme will approve. Nothing was stored.
problem-comments-closed = Your city comments on this plan while it is handed in to the cities of its pairing.
    .title = The plan is not open to comments of your city now
    .help = The partner cities of a pairing comment on its plans while these are submitted. Afterwards a city goes on reading the threads in which it has spoken, and edits, settles and deletes what it said itself. Nothing was stored.
problem-consent-missing = { $count ->
        [one] A consent is missing; `errors` names it.
       *[other] { $count } consents are missing; `errors` names each of them.
    }
    .title = A consent is missing
    .help = A plan is approved when every city that one of its joint actions names has accepted that action, as it reads now. `errors` names each consent that is pending or declined. Nothing was stored.
problem-guideline = The programme's guidelines do not allow this; `errors` names each of them.
    .title = Against the guidelines
    .help = The input is in order, but with it the tour would not keep the programme's guidelines. `/tours/{"{id}"}/checks` tells how a tour stands to each of them. An admin may waive some, with a reason.
problem-patch-conflict = The JSON Patch cannot be applied to the present state; `errors` names the operation.
    .title = The patch does not fit
    .help = An operation of the JSON Patch (RFC 6902) names a place that does not exist, or its `test` failed. All operations are applied or none; nothing was stored.
problem-idempotency-in-flight = A request with the same Idempotency-Key is still running. Ask again in a moment.
    .title = The same request is still running
    .help = Two requests with one Idempotency-Key are never run at once. Repeat the request: once the first has ended you get its answer.
problem-idempotency-key-reused = This Idempotency-Key was used for another request. Take a new key for a new request.
    .title = The Idempotency-Key was used for another request
    .help = Within 24 hours a key stands for one request: the same method, path and body. Repeating that gives the first answer again; anything else needs a key of its own.

## Problems: the service

problem-internal = Something went wrong on our side. Tell us the request id if it happens again.
    .title = Internal error
    .help = The service met something it was not prepared for, and has noted it under the request id of the answer. Nothing was stored. Repeating the request is safe with an Idempotency-Key or If-Match.
problem-unavailable = The service cannot reach its database just now. Try again shortly.
    .title = Temporarily unavailable
    .help = The database is away or overloaded. Nothing was stored. Retry-After tells how long to wait.
problem-files-unavailable = The service cannot reach its files just now. Try again shortly.
    .title = The files are temporarily unavailable
    .help = The store of the files is away, or an upload took longer than it may. Nothing was stored. Retry-After tells how long to wait.
problem-overloaded = The service has as many large requests at once as it can hold. Try again shortly.
    .title = Overloaded
    .help = What is being read and stored takes all the memory there is for it. Small requests go on. Nothing was stored. Retry-After tells how long to wait.
problem-busy = Others are writing the same thing just now. Try again.
    .title = Busy
    .help = The change met others at the same place several times in a row, or waited too long for them. Nothing was stored. Send it again.
problem-timeout = The request took longer than the service allows.
    .title = Timed out
    .help = The request was given up after its time limit. A read can simply be repeated; a write may or may not have been stored: repeat it with the same Idempotency-Key or If-Match.
problem-outcome-unknown = The connection to the database broke while the change was being committed. Repeat the request with the same Idempotency-Key.
    .title = The outcome is unknown
    .help = It is not known whether the change was stored. Repeat the request with the same Idempotency-Key: if it was stored you get its answer, if not it is stored now. With the same If-Match a 412 then says that it was stored, or that somebody else has written. It is never stored twice.

## Faults: what is wrong with one part of the input

fault-required = This is required.
fault-unknown-field = There is no field of this name here.
fault-unknown-parameter = This operation has no parameter of this name.
fault-repeated-parameter = This parameter may be given once.
fault-malformed-header = This header field does not have the expected form: { $expected }.
fault-wrong-type = Must be { $expected }.
fault-not-allowed-value = Must be one of: { $allowed }.
fault-too-long = { $limit ->
        [one] Must have at most { $limit } character.
       *[other] Must have at most { $limit } characters.
    }
fault-too-short = { $limit ->
        [one] Must have at least { $limit } character.
       *[other] Must have at least { $limit } characters.
    }
fault-too-many = { $limit ->
        [one] Must have at most { $limit } entry.
       *[other] Must have at most { $limit } entries.
    }
fault-too-few = { $limit ->
        [one] Must have at least { $limit } entry.
       *[other] Must have at least { $limit } entries.
    }
fault-too-large = Must be at most { $limit }.
fault-too-small = Must be at least { $limit }.
fault-not-unique = The same entry stands twice.
fault-pattern = Must match the pattern { $pattern }.
fault-slug = Must be lower-case ASCII words and numbers joined by hyphens, such as exchange-meeting-3.
fault-format = Must be { $expected }.
fault-edtf = { $reason }
fault-no-words = There is no word in it to search for: no letter and no digit.
fault-blank = Must hold more than white space.
fault-control-character = Must not contain the character U+{ $codepoint }.
fault-invisible-character = Holds the invisible character U+{ $codepoint }, which would make another name of one that looks the same. Leave it out.
fault-too-deep = Is nested deeper than { $limit } levels.
fault-not-in-export = An export holds every matching item in the order of the id: leave this out, or ask for pages.
fault-not-in-format = Makes no difference to this representation: leave it out, or ask for another `format`.
fault-not-json = { problem-invalid-json }
fault-duplicate-name = The name stands twice in this object.
fault-long-name = Has a member whose name is longer than { $limit } bytes.
fault-read-only = Is set by the service. Leave it out, or send the value that is stored.
fault-immutable = Cannot be changed after creation.
fault-not-yours = This is not yours to change: it belongs to another city, or to the programme.
fault-not-partner = { $id } is not a city of the pairing that this names, or you are not.
fault-unknown-reference = There is no { $kind } with the id { $id }.
fault-wrong-side = { $id } is a city of the other side.
fault-side-country = Side jp means country JP, and side eu any other country.
fault-both-sides = The same city stands on both sides.
fault-not-in-pairing = { $id } does not belong to the pairing { $pairing }.
fault-not-in-meeting = { $id } does not take part in the meeting { $meeting }.
fault-same-side = A tour goes to a city of the other side.
fault-id-not-derivable = No id can be derived; give one: lower-case ASCII words and numbers joined by hyphens.
fault-already-used = Is used already.
fault-not-registered = This address is not registered for the application. It has to be sent as it is registered, letter by letter.
fault-not-in-bulk = Is not taken here: a repeated request changes nothing that is stored already.
fault-repeated-reference = Stands in line { $line } already.
fault-too-many-lines = A request that stores all of its lines or none may have at most { $limit }: this one and what comes after it are not read.
fault-ambiguous-reference = Stands for several things, in the systems of { $cities }: name one of these cities.
fault-not-of-city = { $city } must be one of its cities.
fault-dangling-reference = Names something that is not there, or not where it must be.
fault-referenced-by = { $id ->
        [not_known] Still named by { $kind }.
       *[other] Still named by { $kind } { $id }.
    }
fault-referenced-by-hidden = Still named by something that you may not see.
fault-unknown-time-zone = Must be a time zone of the IANA database, such as Asia/Tokyo.
fault-unknown-currency = Must be the code of a currency that is in use (ISO 4217), such as EUR or JPY.
fault-too-many-decimals = { $limit ->
        [one] { $currency } has no more than { $limit } decimal.
       *[other] { $currency } has no more than { $limit } decimals.
    }
fault-min-above-max = The least must not be above the most.
fault-ends-before-start = Must not end before it starts.
fault-day-outside = Must lie within the tour: { $when }.
fault-not-on-day = Is { $local } in { $zone }, and so not on { $day }.
fault-too-many-funded = { $limit ->
        [one] The programme pays for at most { $limit } delegate.
       *[other] The programme pays for at most { $limit } delegates.
    }
fault-tour-too-short = { $limit ->
        [one] A confirmed tour has at least { $limit } full day.
       *[other] A confirmed tour has at least { $limit } full days.
    }
fault-too-many-delegates = A tour has at most { $limit } delegates.
fault-counted-delegates = Must be at least { $number }: so many are listed as delegates of the tour.
fault-delegates-forgotten = The tour ended more than { $months } months ago: its delegates are forgotten by now, and no more are listed. How many they were is written in the tour.
fault-not-waivable = This cannot be waived.
fault-too-few-funded = { $limit ->
        [one] A confirmed tour has at least { $limit } delegate paid by the programme.
       *[other] A confirmed tour has at least { $limit } delegates paid by the programme.
    }
fault-city-role = A city user has a city; an admin has none.
fault-programme-scope = The scope admin is for clients of the programme, which have no city.
fault-target-url = Must be an https URL without user name, password or fragment, on port 443 or one from 1024.
fault-target-address = The service delivers to addresses of the public internet alone: not to its own machine, private networks, reserved addresses or names such as *.local.
fault-duplicate-key = The key { $key } stands twice.
fault-unknown-sdg = There is no goal or target { $id }.
fault-revision-alone = Only a revision names the plan that it revises: say `"kind": "revision"`, or leave this out.
fault-revised-plan-unnamed = Say which plan is revised: by its title, its url, or as plan its id here.
fault-revises-itself = A plan does not revise itself: name the plan that there was before.
fault-with-itself = This is the city that writes the plan: a joint action names others, which consent to it.
fault-nothing-there = There is nothing at this pointer in version { $version } of the plan. Pointers count the entries of lists from 0.
fault-lesson-of-others = { $city }, whose contribution this is, is no city of the plan's pairing: the plan has nothing to decline there.
fault-own-lesson = { $city }, whose contribution this is, writes the plan alone: a plan declines what other cities said.
fault-measured-indicator = The indicator { $key } has been measured: it stays in the plan under this key. Send it along; its name, baseline and target may change.
fault-measured-unit = The indicator { $key } has been measured in { $unit }: this unit stays. Make an indicator of its own for another unit.
fault-no-earlier-version = There is no earlier version that you may see. Say with which one to compare.
fault-one-of-both = Give one of the two, not both.
fault-wrong-goal = The target { $code } does not belong to goal { $goal }.
fault-missing-language = Has no text in { $language }, the plan's own language.
fault-not-template-section = { $field } is no part of an action plan.
fault-weak-password = { $reason }
fault-cursor = The cursor is not one of ours, or belongs to another list, filter or order. Begin again without it.
fault-feed-cursor = The cursor is none of the change feed, or not whole. Take one from a page, a change or the last line of an export.
fault-patch-operation = { $reason }
fault-consent-missing = { $decision ->
        [declined] { $city } has declined.
       *[other] { $city } has not answered yet.
    }
fault-status-by-transition = The status of a plan is not written: it changes by its transitions.
fault-file-ending = The name of a file of this type ends in: { $endings }.
fault-digest-mismatch = What arrived has another SHA-256: { $found }.

## Words: the service's own, where a message names them

list-comma = { ", " }
list-or = { " or " }

thing-programme = programme
thing-city = city
thing-subject = subject
thing-pairing = pairing
thing-meeting = meeting
thing-tour = tour
thing-delegate = delegate
thing-waiver = waiver
thing-key-question = key question
thing-contribution = contribution
thing-decline = declined lesson
thing-knowledge = knowledge item
thing-knowledge-item = knowledge item
thing-template = template
thing-sdg = goal
thing-action-plan = action plan
thing-comment = comment
thing-measurement = measurement
thing-user = user
thing-client = machine client
thing-application = application
thing-webhook = webhook
thing-session = session
thing-audit-entry = entry of the audit trail
thing-version = version

status-draft = draft
status-submitted = submitted
status-returned = returned
status-approved = approved
status-withdrawn = withdrawn

role-anonymous = anonymous
role-eu-city = eu_city
role-jp-city = jp_city
role-admin = admin

type-null = null
type-boolean = true or false
type-integer = a whole number
type-number = a number
type-string = a string
type-array = an array
type-object = an object

expected-language-tag = a language tag (BCP 47), such as en, ja or pt-BR
expected-line = one line of text without control or direction characters
expected-date-time = a time in RFC 3339, such as 2018-10-11T09:00:00Z
expected-date = a day that exists, such as 2018-10-11
expected-uuid = a UUID, such as 0198d3b4-7e8d-7c1a-9d53-3a4b5c6d7e8f
expected-uri = an absolute URL, such as https://www.city.yokohama.lg.jp/
expected-redirect-uri = an https address with a path and without a fragment, such as https://plans.example/signed-in, or on the person's own machine http://127.0.0.1/signed-in
expected-email = an e-mail address
expected-utf-8 = text in UTF-8
expected-idempotency-key = 1 to 255 printable ASCII characters, given once
expected-etag = an ETag as it was answered, in quotation marks, or *
expected-document = what the OpenAPI document says

json-ends-early = it ends too early
json-control-character = a control character stands in a string
json-name-expected = a name in double quotes is expected
json-more-follows = something follows behind its end
json-comma-expected = a comma or the closing bracket is expected
json-colon-expected = a colon is expected
json-value-expected = a value is expected
json-escape = a \ is followed by no valid escape
json-not-unicode = a string is not valid Unicode
json-number = a number is not valid
json-too-deep = it is nested too deeply
json-other = it breaks a rule of RFC 8259

form-no-boundary = Content-Type names no boundary
form-unnamed-part = a part has no name
form-nested = a part is a form itself
form-incomplete = it ends too early
form-unreadable = a part is malformed

patch-test-failed = The value there is another than `test` says.
patch-nothing-at-path = There is nothing at `path`, or nothing can stand there.
patch-nothing-at-from = There is nothing at `from`.
patch-into-itself = A value cannot be moved into itself.
patch-unreadable = An operation lacks a member, or a place in it is no JSON Pointer (RFC 6901).

edtf-empty = the date is empty: write it as 2018-10-11, 2018-10 or 2018
edtf-full-width = digits and signs are half-width: write { $mended }
edtf-space = a date has no spaces in it: write { $mended }
edtf-time-of-day = a time of day is not part of this form: write { $mended }
edtf-end-before-start = the interval ends before it starts: write { $mended }
edtf-empty-end = an empty end is not part of this form: write .. as in 2019/..
edtf-both-ends-open = both ends are open: write a date at one, as in 2019/..
edtf-slashes = an interval has one slash in it: write 2018-10-11/2018-10-12
edtf-qualifier = one qualifier (? uncertain, ~ approximate, % both) stands at the end of a date: write 2020-05~ or 2019~/2020-05?
edtf-unspecified-digit = unspecified digits (X) are not part of this form: write 2019-04 for 2019-04-XX, 2010/2019 for 201X
edtf-year = the year comes first and has four digits: write 0001 to 9999
edtf-season = seasons are not part of this form: write months, as in { $mended }
edtf-month = there is no month { $month }: write 01 to 12
edtf-day = { $month } has { $days } days: write { $month }-01 to { $month }-{ $days }
edtf-not-a-date = this is not a date: write a day 2018-10-11, a month 2018-10, a year 2018, or two of them in full with a slash between

password-too-short = the password must have 12 characters or more
password-too-long = the password must have at most 256 characters
password-unprintable = the password must not contain control characters
password-is-email = the password must not be the e-mail address
password-common = the password is too common: it is among the first that are guessed
password-predictable = the password is a repetition or a row of keys or numbers, which is easily guessed

sign-in-title = Sign in to { $name }
sign-in-docs = the API documentation
sign-in-leads-to = Use your IUC Japan account. Your password stays here; you are then led to `{ $name }`.
sign-in-email = E-mail address
sign-in-password = Password
sign-in-rights = Until you sign out, this application can, in your name:
sign-in-everything = Until you sign out, it can do in your name everything that you may do.
sign-in-submit = Sign in
sign-in-cancel = Cancel
sign-in-language = English
sign-in-refused = You cannot sign in here
sign-in-refused-help = The page that sent you here did not say correctly who it is. Nothing was passed on to it. Tell whoever runs it:

scope-read = Read what you may read
scope-plans-write = Write action plans, with comments, measurements, consents and declined lessons
scope-contributions-write = Write contributions to the round tables
scope-tours-write = Write study tours and their delegates
scope-knowledge-write = Write knowledge items
scope-changes-read = Follow what changes
scope-webhooks-write = Manage webhooks, together with `changes:read`: they tell what changes
scope-admin = Manage the programme's records, for admins

calendar-meeting = IUC Japan: meetings
calendar-tour = IUC Japan: study tours
tour-in-calendar = Study tour: { $visiting } visits { $host }

document-status = Status
document-version = Version
document-pairing = Pairing
document-revises = Revises
document-when = When
document-responsible = Responsible
document-budget = Budget
document-progress = Progress
document-targets = SDG targets
document-sources = Comes from
document-source-contribution = answer at a round table
document-source-tour = study tour
document-source-meeting = meeting
document-source-knowledge = knowledge item
document-stakeholder = Stakeholder
document-role = Role
document-financing = Financing
document-amount = Amount
document-risk = Risk
document-likelihood = Likelihood (1 to 5)
document-impact = Impact (1 to 5)
document-mitigation = Mitigation
document-indicator = Indicator
document-unit = Unit
document-baseline = Baseline
document-target = Target
document-with = With
document-consent-pending = not answered yet
document-consent-accepted = takes part
document-consent-declined = does not take part
document-untitled = Untitled
document-nothing = Nothing is written here yet.
