//! Versions of plans: what is kept of each, what differs, and how one is brought back.

use serde_json::{Value, json};

use crate::support::kinds::{bare_plan, plan};
use crate::support::plans::{cast, complete_plan, make};
use crate::support::{App, Client, Reply};

async fn begun(client: &Client) -> (String, Reply) {
    let body = plan(&["yokohama"], "frankfurt-yokohama");
    let made = client.post("/v1/action-plans", body).await.expect(201);
    (format!("/v1/action-plans/{}", made.id()), made)
}

async fn restore(client: &Client, path: &str, version: &str, etag: Option<&str>) -> Reply {
    let request = client.request("POST", &format!("{path}/versions/{version}/restore"));
    match etag {
        Some(etag) => request.header("If-Match", etag).send().await,
        None => request.send().await,
    }
}

#[tokio::test]
async fn every_write_makes_a_version_that_stays_as_it_was() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let (path, first) = begun(&owner).await;
    let second = owner
        .patch(&path, &first.etag(), json!({"objectives": {"en": "None."}}))
        .await
        .expect(200);
    owner
        .patch(&path, &second.etag(), json!({"language": "ja"}))
        .await
        .expect(200);

    let list = owner.get(&format!("{path}/versions")).await.expect(200);
    let user = app
        .one("SELECT id FROM users WHERE email = 'planning@yokohama.example'")
        .await;
    let numbers: Vec<_> = list
        .items()
        .iter()
        .map(|it| it["version"].clone())
        .collect();
    assert_eq!(numbers, [3, 2, 1]);
    for item in list.items() {
        assert_eq!(item["by"], json!(user));
        assert_eq!(item["city"], "yokohama");
        assert_eq!(item["status"], "draft");
        assert_eq!(
            (&item["published"], &item["minor"]),
            (&json!(false), &json!(false))
        );
    }
    assert_eq!(list.items()[1]["at"], second.body["updated_at"]);

    for (number, was) in [(1, &first), (2, &second)] {
        let read = owner
            .get(&format!("{path}/versions/{number}"))
            .await
            .expect(200);
        let mut expected = was.body.clone();
        expected["actions"] = json!([]);
        assert_eq!((&read.body, read.etag()), (&expected, was.etag()));
        assert_eq!(read.header("last-modified"), was.header("last-modified"));
        let cache = read.header("cache-control");
        assert_eq!(cache, "private, max-age=31536000, immutable");
        assert!(read.listed("vary").contains(&"authorization".to_owned()));
        let again = owner
            .request("GET", &format!("{path}/versions/{number}"))
            .header("If-None-Match", &read.etag())
            .send()
            .await;
        assert_eq!((again.status, again.bytes.len()), (304, 0));
    }
    for none in [
        "4",
        "0",
        "-1",
        "01",
        "+1",
        "x",
        "99999999999999999999",
        "9223372036854775807",
    ] {
        let reply = owner.get(&format!("{path}/versions/{none}")).await;
        reply.problem("not_found");
    }
    let refused = app
        .refusal("UPDATE action_plan_versions SET minor = true")
        .await;
    assert!(refused.contains("never changed"), "{refused}");
}

#[tokio::test]
async fn what_was_written_tells_whose_city_wrote_it_then() {
    let app = App::start().await;
    let (owner, admin) = (app.city_user("yokohama").await, app.admin().await);
    let (path, _) = begun(&owner).await;
    let comment = json!({"pointer": "/objectives", "text": {"en": "Why?"}, "resolved": true});
    let comments = format!("{path}/comments");
    let settled = owner.post(&comments, comment).await.expect(201);
    let measured = format!("{path}/indicators/riders/measurements");
    let value = json!({"value": 1, "on": "2020"});
    let noted = owner.post(&measured, value.clone()).await.expect(201);
    let user = owner.get("/v1/me").await.body["user"].clone();
    let user = user["id"].as_str().or(user.as_str()).unwrap().to_owned();
    let moved = json!({"city": "kamakura"});
    let user = format!("/v1/users/{user}");
    admin.patch(&user, "*", moved).await.expect(200);
    let edit = json!({"objectives": {"en": "None."}});
    admin.patch(&path, "*", edit).await.expect(200);
    admin.post(&measured, value).await.expect(201);
    let of = async |list: &str, member: &str| {
        let items = admin.get(list).await.expect(200).items();
        let cities = items.iter().map(|item| item[member].clone());
        cities.collect::<Vec<_>>()
    };
    let versions = format!("{path}/versions");
    let (yokohama, programme) = (json!("yokohama"), json!(null));
    assert_eq!(
        of(&versions, "city").await,
        [programme.clone(), yokohama.clone()]
    );
    assert_eq!(of(&comments, "city").await, [json!("yokohama")]);
    assert_eq!(of(&comments, "resolved_by_city").await, [json!("yokohama")]);
    assert_eq!(of(&measured, "city").await, [yokohama, programme.clone()]);
    assert_eq!(settled.body["resolved_by_city"], "yokohama");
    assert_eq!(noted.body["city"], "yokohama");
    let at = format!("{comments}/{}", settled.id());
    let open = json!({"resolved": false});
    let open = admin.patch(&at, "*", open).await.expect(200);
    assert_eq!(open.body["resolved_by_city"], programme);
}

#[tokio::test]
async fn thousands_of_versions_come_in_pages() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let (path, made) = begun(&owner).await;
    app.run(&format!(
        "INSERT INTO action_plan_versions (plan, version, document, status, at, by) \
         SELECT plan, n, document, status, at, by FROM action_plan_versions, generate_series(2, 1500) AS n WHERE plan = '{}'",
        made.id()
    ))
    .await;
    let all = owner.all(&format!("{path}/versions?limit=200")).await;
    let numbers: Vec<i64> = all
        .iter()
        .map(|it| it["version"].as_i64().unwrap())
        .collect();
    assert_eq!(numbers, (1..=1500).rev().collect::<Vec<i64>>());

    let page = owner
        .get(&format!("{path}/versions?limit=2"))
        .await
        .expect(200);
    assert!(page.header("link").contains("rel=\"next\""));
    let cursor = page.body["cursor"].as_str().unwrap();
    let other = owner
        .post(
            "/v1/action-plans",
            bare_plan("yokohama", "frankfurt-yokohama"),
        )
        .await
        .expect(201);
    let stolen = format!("/v1/action-plans/{}/versions?cursor={cursor}", other.id());
    owner.get(&stolen).await.refused(&[("cursor", "cursor")]);
    let refused = owner.get(&format!("{path}/versions?limit=0&sort=at")).await;
    refused.refused(&[("limit", "too_small"), ("sort", "unknown_parameter")]);
}

#[tokio::test]
async fn a_difference_makes_one_version_of_the_other_and_says_what_happened() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let (path, first) = begun(&owner).await;
    // Nothing to compare with is not the same as nothing that differs.
    for query in ["", "?to=1"] {
        let nothing = owner.get(&format!("{path}/diff{query}")).await;
        nothing.refused(&[("from", "no_earlier_version")]);
    }
    let nothing = owner.get(&format!("{path}/diff?from=1&to=1")).await;
    assert_eq!(nothing.body, json!({"patch": [], "summary": []}));

    let mut activities = first.body["activities"].clone();
    activities.as_array_mut().unwrap().reverse();
    let second = owner
        .patch(&path, &first.etag(), json!({"activities": activities}))
        .await
        .expect(200);
    let third = owner
        .patch(
            &path,
            &second.etag(),
            json!({"objectives": null, "risks": []}),
        )
        .await
        .expect(200);

    let apply = |reply: &Reply, to: &Value| {
        let mut made = to.clone();
        let patch: json_patch::Patch = serde_json::from_value(reply.body["patch"].clone()).unwrap();
        json_patch::patch(&mut made, &patch).unwrap();
        made
    };
    let newest = owner.get(&format!("{path}/diff")).await.expect(200);
    assert_eq!(apply(&newest, &second.body), third.body);
    assert_eq!(
        newest.body["summary"],
        json!([{"field": "objectives", "key": null, "change": "removed"},
            {"field": "risks", "key": "delay", "change": "removed"}])
    );
    let back = owner
        .get(&format!("{path}/diff?from=3&to=1"))
        .await
        .expect(200);
    assert_eq!(apply(&back, &third.body), first.body);
    let moved = owner.get(&format!("{path}/diff?to=2")).await.expect(200);
    assert_eq!(moved.body["summary"][0]["change"], "moved");
    let refused = owner.get(&format!("{path}/diff?from=7&to=8")).await;
    refused.refused(&[("from", "unknown_reference"), ("to", "unknown_reference")]);
    let refused = owner.get(&format!("{path}/diff?to=8")).await;
    refused.refused(&[("to", "unknown_reference")]);
}

#[tokio::test]
async fn a_version_is_restored_as_a_new_one_through_the_same_checks() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let (path, first) = begun(&owner).await;
    let second = owner
        .patch(
            &path,
            &first.etag(),
            json!({"title": {"en": "Other"}, "activities": [], "language": "ja"}),
        )
        .await
        .expect(200);

    restore(&owner, &path, "1", None)
        .await
        .problem("precondition_required");
    restore(&owner, &path, "1", Some(&first.etag()))
        .await
        .problem("precondition_failed");
    restore(&owner, &path, "9", Some("*"))
        .await
        .problem("not_found");
    restore(&owner, &path, "one", Some("*"))
        .await
        .problem("not_found");
    let partner = app.city_user("frankfurt").await;
    restore(&partner, &path, "1", Some("*"))
        .await
        .problem("not_found");
    assert_eq!(app.count("action_plan_versions").await, 2);

    let events = app.events().await;
    let dry = owner
        .request("POST", &format!("{path}/versions/1/restore?dryrun=true"))
        .header("If-Match", &second.etag())
        .send()
        .await
        .expect(200);
    assert_eq!(dry.body["title"], first.body["title"]);
    assert!(dry.body["dry_run"]["diff"].as_array().unwrap().len() >= 3);
    assert_eq!(app.count("action_plan_versions").await, 2);

    let restored = restore(&owner, &path, "1", Some(&second.etag()))
        .await
        .expect(200);
    let mut expected = first.body.clone();
    expected["version"] = json!(3);
    expected["updated_at"] = restored.body["updated_at"].clone();
    assert_eq!(restored.body, expected);
    assert_eq!(app.events().await, events + 1);
    let read = owner.get(&path).await.expect(200);
    assert_eq!(
        (read.etag(), read.body),
        (restored.etag(), restored.body.clone())
    );
    let numbers = owner
        .get(&format!("{path}/versions"))
        .await
        .expect(200)
        .items()
        .len();
    assert_eq!(numbers, 3);

    let same = restore(&owner, &path, "3", Some("*")).await.expect(200);
    assert_eq!(
        same.etag(),
        restored.etag(),
        "what is so already makes no version"
    );
    assert_eq!(app.events().await, events + 1);

    // A version names a meeting that is gone by now, from before the service kept it; the present plan does not.
    let bare = json!({"inputs": null, "activities": []});
    let bare = owner.patch(&path, "*", bare).await.expect(200);
    let admin = app.admin().await;
    app.run("DELETE FROM action_plan_kept_sources; DELETE FROM meetings WHERE id = 'exchange-meeting-3'")
        .await;
    let refused = restore(&admin, &path, "1", Some(&bare.etag())).await;
    refused.conflict(
        "not_restorable",
        &[("/inputs/sources/0/id", "unknown_reference")],
    );
}

#[tokio::test]
async fn of_two_who_restore_at_once_one_is_told() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let (path, first) = begun(&owner).await;
    let second = owner
        .patch(&path, &first.etag(), json!({"objectives": {"en": "None."}}))
        .await
        .expect(200);
    let etag = second.etag();
    let (one, other) = tokio::join!(
        restore(&owner, &path, "1", Some(&etag)),
        owner.patch(&path, &etag, json!({"context": {"en": "Hills."}}))
    );
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    assert_eq!(app.count("action_plan_versions").await, 3);
}

#[tokio::test]
async fn versions_and_differences_of_a_private_plan_are_to_others_as_if_it_did_not_exist() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let (path, _) = begun(&owner).await;
    let missing = format!("/v1/action-plans/{}", iuc::resource::new_uuid());
    let partner = app.city_user("frankfurt").await;
    for other in [&partner, &app.anonymous()] {
        for part in [
            "/versions",
            "/versions/1",
            "/diff",
            "/diff?from=7",
            "/versions?cursor=x",
        ] {
            let hidden = other
                .get(&format!("{path}{part}"))
                .await
                .problem("not_found");
            let none = other
                .get(&format!("{missing}{part}"))
                .await
                .problem("not_found");
            assert_eq!(hidden.body["detail"], none.body["detail"]);
        }
    }
}

#[tokio::test]
async fn the_public_sees_what_was_published_and_partners_comment_on_what_is_submitted() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let admin = app.admin().await;
    let mut body = plan(&["yokohama"], "frankfurt-yokohama");
    body["joint_actions"] = json!([]);
    body["activities"].as_array_mut().unwrap().truncate(1);
    let made = owner.post("/v1/action-plans", body).await.expect(201);
    let path = format!("/v1/action-plans/{}", made.id());
    let list = format!("{path}/comments");
    let measured = format!("{path}/indicators/riders/measurements");
    let value = json!({"value": 1, "on": "2020-01-01"});
    let value = owner.post(&measured, value).await.expect(201);
    let to = async |client: &Client, status: &str| {
        let transition = json!({"to": status});
        client
            .post(&format!("{path}/transitions"), transition)
            .await
            .expect(200)
    };
    let anonymous = app.anonymous();
    let partner = app.city_user("frankfurt").await;
    let toyota = app.city_user("toyota").await;
    let comment = json!({"pointer": "/objectives", "text": {"en": "Good."}});
    partner
        .post(&list, comment.clone())
        .await
        .problem("not_found");

    to(&owner, "submitted").await;
    let made = partner.post(&list, comment.clone()).await.expect(201);
    assert_eq!(made.body["city"], "frankfurt");
    let at = format!("{list}/{}", made.id());
    let ids = [made.id()];
    assert_eq!(partner.get(&list).await.expect(200).ids(), ids);
    owner
        .patch(&at, "*", json!({"resolved": true}))
        .await
        .expect(200);
    toyota.get(&list).await.problem("not_found");
    let of_owner = owner.post(&list, comment.clone()).await.expect(201);
    let of_owner = format!("{list}/{}", of_owner.id());
    partner
        .patch(&of_owner, "*", json!({"resolved": true}))
        .await
        .refused(&[("/resolved", "not_yours")]);
    partner.delete(&of_owner, "*").await.problem("forbidden");
    // A partner reads what was handed in, not how it came about.
    let seen = partner.get(&format!("{path}/versions")).await.expect(200);
    assert_eq!(seen.items().len(), 1);
    partner
        .get(&format!("{path}/versions/1"))
        .await
        .problem("not_found");
    assert_eq!(partner.get(&measured).await.expect(200).ids(), [value.id()]);
    partner
        .post(&measured, json!({"value": 2, "on": "2020-01-02"}))
        .await
        .problem("forbidden");

    to(&admin, "approved").await;
    // It goes on reading what it has said itself, and says no more.
    assert_eq!(partner.get(&list).await.expect(200).ids(), ids);
    partner.get(&at).await.expect(200);
    partner.get(&of_owner).await.problem("not_found");
    partner
        .post(&list, comment)
        .await
        .problem("comments_closed");
    let edit = json!({"objectives": {"en": "Secret plans"}, "risks": []});
    owner.patch(&path, "*", edit).await.expect(200);
    for other in [&anonymous, &partner, &toyota] {
        let seen = other.get(&format!("{path}/versions")).await.expect(200);
        let seen: Vec<_> = seen
            .items()
            .iter()
            .map(|it| (it["version"].clone(), it["published"].clone()))
            .collect();
        // The partner keeps what was handed in to its pairing.
        let is_partner = other.token == partner.token;
        let (published, handed_in) = ((json!(3), json!(true)), (json!(2), json!(false)));
        let (open, hidden) = match is_partner {
            true => (vec![published, handed_in], vec![1, 4]),
            false => (vec![published], vec![1, 2, 4]),
        };
        assert_eq!(seen, open);
        other.get(&format!("{path}/versions/3")).await.expect(200);
        for hidden in hidden {
            let hidden = format!("{path}/versions/{hidden}");
            other.get(&hidden).await.problem("not_found");
        }
        let before = other.get(&format!("{path}/diff")).await;
        match is_partner {
            true => {
                other.get(&format!("{path}/versions/2")).await.expect(200);
                assert_eq!(before.expect(200).body["summary"], json!([]));
            }
            false => drop(before.refused(&[("from", "no_earlier_version")])),
        }
        let refused = other.get(&format!("{path}/diff?from=1&to=4")).await;
        refused.refused(&[("from", "unknown_reference"), ("to", "unknown_reference")]);
        for part in [
            "validation",
            "translations",
            "summary",
            "summary?format=text",
        ] {
            let told = other.get(&format!("{path}/{part}")).await.expect(200);
            assert!(!String::from_utf8_lossy(&told.bytes).contains("Secret"));
        }
        assert_eq!(other.get(&measured).await.expect(200).ids(), [value.id()]);
        other
            .get(&format!("{measured}/{}", value.id()))
            .await
            .expect(200);
        if other.token.is_some() {
            restore(other, &path, "3", Some("*"))
                .await
                .problem("forbidden");
        }
    }
    assert_eq!(owner.get(&measured).await.expect(200).ids(), [value.id()]);
    to(&owner, "withdrawn").await;
    for part in ["/versions", "/versions/3", "/diff", "/summary"] {
        let gone = anonymous.get(&format!("{path}{part}")).await;
        gone.problem("not_found");
    }
    restore(&owner, &path, "1", Some("*"))
        .await
        .problem("plan_withdrawn");
}

#[tokio::test]
async fn a_partner_compares_all_that_was_handed_in_to_its_pairing() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let path = make(&frankfurt, complete_plan(&["frankfurt"])).await;
    let go = |client: &Client, to: &str| {
        let body = json!({"to": to, "comment": "Once more."});
        let (client, url) = (client.clone(), format!("{path}/transitions"));
        async move { client.post(&url, body).await.expect(200) }
    };
    go(&frankfurt, "submitted").await;
    go(&admin, "returned").await;
    let secret = json!({"objectives": {"en": "Not yet said"}});
    frankfurt.patch(&path, "*", secret).await.expect(200);
    let better = json!({"objectives": {"en": "Many more bridges."}});
    frankfurt.patch(&path, "*", better).await.expect(200);
    go(&frankfurt, "submitted").await;
    let numbers = async |client: &Client| -> Vec<Value> {
        let list = client.get(&format!("{path}/versions")).await.expect(200);
        list.items()
            .iter()
            .map(|it| it["version"].clone())
            .collect()
    };
    assert_eq!(numbers(&yokohama).await, [6, 2]);
    for hidden in [1, 3, 4, 5] {
        let hidden = yokohama.get(&format!("{path}/versions/{hidden}")).await;
        hidden.problem("not_found");
    }
    let told = yokohama.get(&format!("{path}/diff")).await.expect(200);
    assert_eq!(
        told.body["summary"],
        json!([{"field": "objectives", "key": null, "change": "changed"}])
    );
    go(&admin, "approved").await;
    assert_eq!(numbers(&yokohama).await, [7, 6, 2]);
    assert_eq!(numbers(&app.anonymous()).await, [7]);
    // Of another pairing's plans it sees no more than others do.
    let toyota = app.city_user("toyota").await;
    assert_eq!(numbers(&toyota).await, [7]);
}
