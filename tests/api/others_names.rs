//! What several cities share: none of them takes another out of it, or speaks in the name of a city that is not its partner.

use serde_json::json;

use crate::support::App;
use crate::support::kinds::knowledge;
use crate::support::plans::{cast, complete_plan, joint_plan, make, to};

#[tokio::test]
async fn a_city_hands_the_delegates_of_its_guest_to_no_third_city() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let essen = app.city_user("essen").await;
    let pairing = json!({"eu_cities": ["frankfurt", "essen"]});
    admin
        .patch("/v1/pairings/frankfurt-yokohama", "*", pairing)
        .await
        .expect(200);
    let tour = json!({"pairing": "frankfurt-yokohama", "visiting_city": "frankfurt", "host_city": "yokohama",
        "when": "2019-05", "status": "planned"});
    let tour = format!(
        "/v1/tours/{}",
        frankfurt.post("/v1/tours", tour).await.expect(201).id()
    );
    let person =
        json!({"name": "Åsa Ek", "organisation": "City", "position": null, "funding": "own"});
    frankfurt
        .post(&format!("{tour}/delegates"), person)
        .await
        .expect(201);
    let swap = json!({"visiting_city": "essen"});
    yokohama
        .patch(&tour, "*", swap.clone())
        .await
        .refused(&[("/visiting_city", "not_yours")]);
    frankfurt
        .patch(&tour, "*", swap.clone())
        .await
        .problem("forbidden");
    essen
        .get(&format!("{tour}/delegates"))
        .await
        .problem("not_found");
    frankfurt
        .get(&format!("{tour}/delegates"))
        .await
        .expect(200);
    admin.patch(&tour, "*", swap).await.expect(200);
}

#[tokio::test]
async fn a_city_speaks_in_its_knowledge_for_itself_and_its_partners_alone() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let yokohama = app.city_user("yokohama").await;
    let mut item = knowledge(&["frankfurt", "umea"]);
    frankfurt
        .post("/v1/knowledge", item.clone())
        .await
        .refused(&[("/cities/1", "not_partner"), ("/pairing", "not_yours")]);
    item["pairing"] = json!("frankfurt-yokohama");
    frankfurt
        .post("/v1/knowledge", item.clone())
        .await
        .refused(&[("/cities/1", "not_partner")]);
    item["cities"] = json!(["frankfurt", "yokohama"]);
    let path = format!(
        "/v1/knowledge/{}",
        frankfurt.post("/v1/knowledge", item).await.expect(201).id()
    );
    let alone = json!({"cities": ["yokohama"]});
    yokohama
        .patch(&path, "*", alone)
        .await
        .refused(&[("/cities", "not_yours")]);
    let text = json!({"title": {"en": "Ours"}});
    yokohama.patch(&path, "*", text).await.expect(200);
    let alone = json!({"cities": ["frankfurt"]});
    yokohama.patch(&path, "*", alone).await.expect(200);
    yokohama
        .patch(&path, "*", json!({"title": {"en": "Mine"}}))
        .await
        .problem("not_found");
}

#[tokio::test]
async fn a_joint_plan_stays_that_of_each_of_its_proponents() {
    let (_app, frankfurt, yokohama, admin) = cast().await;
    let plan = make(&frankfurt, complete_plan(&["frankfurt", "yokohama"])).await;
    let alone = json!({"proponents": ["yokohama"]});
    yokohama
        .patch(&plan, "*", alone.clone())
        .await
        .refused(&[("/proponents", "not_yours")]);
    // Neither does it hand its place to another.
    let handed = json!({"proponents": ["yokohama"], "pairing": "umea-kamakura"});
    let handed = frankfurt.patch(&plan, "*", handed).await;
    assert!(handed.status == 400 || handed.status == 403, "{handed}");
    let own = plan.rsplit('/').next().unwrap();
    let revises = json!({"kind": "revision", "revises": {"title": {"en": "It"}, "plan": own}});
    frankfurt
        .patch(&plan, "*", revises)
        .await
        .refused(&[("/revises/plan", "revises_itself")]);
    admin.patch(&plan, "*", alone).await.expect(200);
}

#[tokio::test]
async fn a_proponent_leaves_a_joint_plan_and_deletes_what_is_its_own_alone() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let both = complete_plan(&["frankfurt", "yokohama"]);
    let plan = make(&frankfurt, both.clone()).await;
    for proponent in [&frankfurt, &yokohama] {
        let read = proponent.get(&plan).await.expect(200);
        let actions = read.body["actions"].as_array().unwrap().clone();
        assert!(!actions.contains(&json!("delete")), "{actions:?}");
    }
    let events = app.events().await;
    let refused = yokohama.delete(&plan, "*").await;
    let refused = refused.conflict("joint_plan", &[]);
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(
        detail.contains("also that of frankfurt. Withdraw it"),
        "{detail}"
    );
    let told = yokohama.request("DELETE", &plan).header("If-Match", "*");
    let told = told.header("Accept-Language", "ja").send().await;
    let detail = told.body["detail"].as_str().unwrap();
    assert!(detail.contains("frankfurt の計画でもあります"), "{detail}");
    assert_eq!(app.events().await, events, "nothing was stored");
    to(&yokohama, &plan, "withdrawn").await.expect(200);
    to(&frankfurt, &plan, "draft").await.expect(200);

    // It leaves by taking its name out, and nothing of the text is lost to the other.
    let text = frankfurt.get(&plan).await.expect(200);
    let alone = json!({"proponents": ["frankfurt"]});
    let left = yokohama.patch(&plan, &text.etag(), alone).await.expect(200);
    assert_eq!(left.body["actions"], json!([]));
    yokohama.get(&plan).await.problem("not_found");
    let kept = frankfurt.get(&plan).await.expect(200);
    assert_eq!(kept.body["activities"], text.body["activities"]);
    assert_eq!(kept.body["proponents"], json!(["frankfurt"]));
    frankfurt.delete(&plan, "*").await.expect(204);
    let plan = make(&frankfurt, both).await;
    admin.delete(&plan, "*").await.expect(204);
}

#[tokio::test]
async fn what_was_withdrawn_stays_so_when_the_plan_is_published_again() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let plan = make(&frankfurt, complete_plan(&["frankfurt"])).await;
    to(&frankfurt, &plan, "submitted").await.expect(200);
    to(&admin, &plan, "approved").await.expect(200);
    to(&frankfurt, &plan, "withdrawn").await.expect(200);
    to(&frankfurt, &plan, "draft").await.expect(200);
    to(&frankfurt, &plan, "submitted").await.expect(200);
    // A partner reads what was submitted, and nothing of what was withdrawn from everybody.
    let numbers = async |client: &crate::support::Client| {
        let versions = client.get(&format!("{plan}/versions")).await.expect(200);
        let items = versions.items();
        items
            .iter()
            .map(|item| item["version"].as_i64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(numbers(&yokohama).await, [6, 2]);
    yokohama
        .get(&format!("{plan}/versions/6"))
        .await
        .expect(200);
    yokohama
        .get(&format!("{plan}/versions/3"))
        .await
        .problem("not_found");
    to(&admin, &plan, "approved").await.expect(200);
    for (client, open) in [(&yokohama, vec![7, 6, 2]), (&app.anonymous(), vec![7])] {
        assert_eq!(numbers(client).await, open);
        client
            .get(&format!("{plan}/versions/3"))
            .await
            .problem("not_found");
    }
    assert_eq!(numbers(&frankfurt).await, [7, 6, 5, 4, 3, 2, 1]);
}

#[tokio::test]
async fn partners_neither_see_nor_make_comments_on_sources() {
    let (_app, frankfurt, yokohama, _) = cast().await;
    let mut body = joint_plan(&["frankfurt"], &["yokohama"]);
    body["inputs"]["sources"] =
        json!([{"type": "meeting", "id": "exchange-meeting-1", "note": {"en": "Round table"}}]);
    let plan = make(&frankfurt, body).await;
    to(&frankfurt, &plan, "submitted").await.expect(200);
    let comments = format!("{plan}/comments");
    let comment = json!({"pointer": "/inputs/sources/0/note", "text": {"en": "Which?"}});
    frankfurt.post(&comments, comment.clone()).await.expect(201);
    yokohama
        .post(&comments, comment)
        .await
        .refused(&[("/pointer", "nothing_there")]);
    let other = json!({"pointer": "/objectives", "text": {"en": "Good."}});
    yokohama.post(&comments, other).await.expect(201);
    assert_eq!(yokohama.get(&comments).await.items().len(), 1);
    assert_eq!(frankfurt.get(&comments).await.items().len(), 2);
}
