//! What interfaces ask of the list of action plans: by kind, by template, and which plans await a city's consent.

use serde_json::{Value, json};

use crate::support::Client;
use crate::support::client::id_of;
use crate::support::plans::{cast, complete_plan, consent, joint_plan, make, to};

/// The ids of the plans that the filter finds for the client, as the list, its count and its export have them.
async fn found(client: &Client, filter: &str) -> Vec<String> {
    let list = client
        .get(&format!("/v1/action-plans?count=true&sort=id&{filter}"))
        .await
        .expect(200);
    let ids: Vec<String> = list.items().iter().map(id_of).collect();
    assert_eq!(list.body["total"], json!(ids.len()), "{filter}");
    let export = client
        .get(&format!("/v1/action-plans?format=ndjson&{filter}"))
        .await
        .expect(200);
    let exported: Vec<String> = export.exported().iter().map(id_of).collect();
    assert_eq!(exported, ids, "{filter}");
    ids
}

fn id(path: &str) -> String {
    path.rsplit('/').next().unwrap().to_owned()
}

#[tokio::test]
async fn plans_are_found_by_kind_and_template_as_their_reader_sees_them() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let template = admin.get("/v1/templates/iuc-japan-1").await.expect(200);
    let second = json!({"programme": "iuc-japan", "name": {"en": "Second"}, "sections": template.body["sections"]});
    admin.post("/v1/templates", second).await.expect(201);
    let mut old = complete_plan(&["frankfurt"]);
    old["template"] = json!("iuc-japan-1");
    let old = make(&frankfurt, old).await;
    let new = make(&frankfurt, complete_plan(&["frankfurt"])).await;
    let anybody = app.anonymous();
    for path in [&old, &new] {
        to(&admin, path, "submitted").await.expect(200);
        to(&admin, path, "approved").await.expect(200);
    }
    let edit = json!({"kind": "revision", "revises": {"title": {"en": "Our plan of 2010"}}});
    frankfurt.patch(&old, "*", edit).await.expect(200);
    let (old, new) = (id(&old), id(&new));
    let both = vec![old.clone(), new.clone()];
    let (old, new) = (vec![old], vec![new]);
    for client in [&frankfurt, &yokohama, &admin, &anybody] {
        assert_eq!(found(client, "template=iuc-japan-1").await, old);
        assert_eq!(found(client, "template=second&city=frankfurt").await, new);
        assert_eq!(found(client, "template=second,iuc-japan-1").await, both);
        assert_eq!(found(client, "kind=new,revision").await, both);
    }
    // The working copy is a revision now; to others it is still the plan that was approved.
    for client in [&frankfurt, &admin] {
        assert_eq!(found(client, "kind=revision").await, old);
        assert_eq!(found(client, "kind=revision&city=frankfurt").await, old);
        assert_eq!(found(client, "kind=new").await, new);
    }
    for client in [&yokohama, &anybody] {
        assert!(found(client, "kind=revision").await.is_empty());
        assert_eq!(found(client, "kind=new").await, both);
    }
}

#[tokio::test]
async fn a_city_finds_the_plans_that_await_its_consent_while_it_can_give_it() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let plan = make(&frankfurt, joint_plan(&["frankfurt"], &["yokohama"])).await;
    make(&frankfurt, complete_plan(&["frankfurt"])).await;
    let awaiting = vec![id(&plan)];
    let none = Vec::<String>::new();
    let asked = async |moment: &str, expected: &Vec<String>| {
        for client in [&frankfurt, &yokohama, &admin] {
            assert_eq!(
                &found(client, "awaits=yokohama").await,
                expected,
                "{moment}"
            );
            let of_frankfurt = found(client, "awaits=yokohama,essen&city=frankfurt").await;
            assert_eq!(&of_frankfurt, expected, "{moment}");
            assert_eq!(found(client, "awaits=frankfurt").await, none, "{moment}");
        }
        for stranger in [&app.city_user("toyota").await, &app.anonymous()] {
            assert_eq!(found(stranger, "awaits=yokohama").await, none, "{moment}");
        }
    };
    asked("a draft asks nobody yet", &none).await;
    to(&frankfurt, &plan, "submitted").await.expect(200);
    asked("submitted", &awaiting).await;
    consent(&yokohama, &plan, "yokohama", "declined")
        .await
        .expect(200);
    asked("declined is an answer", &none).await;
    let text = json!({"joint_actions": [{"key": "yokohama", "title": {"en": "Another"}, "description": {"en": "Together."}, "with": ["yokohama"]}]});
    frankfurt.patch(&plan, "*", text).await.expect(200);
    asked("another text asks again", &awaiting).await;
    to(&admin, &plan, "returned").await.expect(200);
    asked("returned", &none).await;
    to(&frankfurt, &plan, "submitted").await.expect(200);
    consent(&yokohama, &plan, "yokohama", "accepted")
        .await
        .expect(200);
    asked("accepted", &none).await;
    to(&admin, &plan, "approved").await.expect(200);
    asked("approved", &none).await;
}

#[tokio::test]
async fn who_sees_the_published_version_is_not_told_whom_the_working_copy_awaits() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let plan = make(&frankfurt, complete_plan(&["frankfurt"])).await;
    for status in ["submitted", "approved"] {
        to(&admin, &plan, status).await.expect(200);
    }
    let joint = joint_plan(&["frankfurt"], &["yokohama"]);
    let edit = json!({"joint_actions": joint["joint_actions"]});
    frankfurt.patch(&plan, "*", edit).await.expect(200);
    to(&frankfurt, &plan, "submitted").await.expect(200);
    let (toyota, anybody) = (app.city_user("toyota").await, app.anonymous());
    for (client, sees) in [
        (&frankfurt, 1),
        (&yokohama, 1),
        (&admin, 1),
        (&toyota, 0),
        (&anybody, 0),
    ] {
        assert_eq!(found(client, "").await.len(), 1, "all see the plan");
        assert_eq!(found(client, "awaits=yokohama").await.len(), sees);
    }
}

#[tokio::test]
async fn whom_a_plan_awaits_follows_whoever_writes_the_table() {
    let (app, frankfurt, yokohama, _) = cast().await;
    let plan = make(&frankfurt, joint_plan(&["frankfurt"], &["yokohama"])).await;
    to(&frankfurt, &plan, "submitted").await.expect(200);
    // As an older program would write, that knows nothing of the column.
    app.run(
        "UPDATE action_plans SET document = replace(document::text, '\"pending\"', '\"accepted\"')::json",
    )
    .await;
    assert!(found(&yokohama, "awaits=yokohama").await.is_empty());
    let wrong: Value = yokohama.get("/v1/action-plans?awaits=Yokohama").await.body;
    assert_eq!(wrong["errors"][0]["parameter"], "awaits");
}
