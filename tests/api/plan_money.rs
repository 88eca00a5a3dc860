//! Money in a plan: what can be read and added up by everybody.

use serde_json::{Value, json};

use crate::support::plans::{cast, complete_plan, make};

fn plan(change: Value) -> Value {
    let mut plan = complete_plan(&["yokohama"]);
    json_patch::merge(&mut plan, &change);
    plan
}

#[tokio::test]
async fn an_amount_has_a_currency_that_is_in_use_and_no_more_decimals_than_that() {
    let (_app, _, yokohama, _) = cast().await;
    let budget = |amount: &str, currency: &str| json!({"title": {"en": "A"}, "budget": {"amount": amount, "currency": currency}});
    let body = plan(json!({
        "activities": [budget("1.50", "JPY"), budget("1.50", "EUR"), budget("1", "EUX"), budget("1", "DEM"),
            budget("1", "XAU"), budget("1.505", "SEK"), budget("1.505", "KWD"), budget("1", "eur"), budget("1200", "JPY")],
        "implementation": {"text": {"en": "By the city."}, "financing": [
            {"source": "City", "amount": "10"},
            {"source": "State", "currency": "JPY"},
            {"source": "Bank"},
            {"source": "Fund", "amount": "10.00", "currency": "JPY"},
            {"source": "Union", "amount": "10.00", "currency": "XXX"}]},
    }));
    let events = yokohama.get("/v1/action-plans?count=true").await.body["total"].clone();
    let reply = yokohama.post("/v1/action-plans", body).await.refused(&[
        ("/activities/0/budget/amount", "too_many_decimals"),
        ("/activities/2/budget/currency", "unknown_currency"),
        ("/activities/3/budget/currency", "unknown_currency"),
        ("/activities/4/budget/currency", "unknown_currency"),
        ("/activities/5/budget/amount", "too_many_decimals"),
        ("/activities/7/budget/currency", "unknown_currency"),
        ("/implementation/financing/0/currency", "required"),
        ("/implementation/financing/1/amount", "required"),
        ("/implementation/financing/3/amount", "too_many_decimals"),
        ("/implementation/financing/4/currency", "unknown_currency"),
    ]);
    let detail = &reply.body["errors"][0]["detail"];
    assert_eq!(detail, "JPY has no more than 0 decimals.");
    let after = yokohama.get("/v1/action-plans?count=true").await;
    assert_eq!(after.body["total"], events, "nothing was stored");
}

#[tokio::test]
async fn a_budget_names_both_its_amount_and_its_currency() {
    let (_app, _, yokohama, _) = cast().await;
    let path = make(&yokohama, plan(json!({}))).await;
    let half = |part: Value| json!([{"op": "add", "path": "/activities/0/budget", "value": part}]);
    for (part, pointer) in [
        (json!({"amount": "5"}), "/activities/0/budget/currency"),
        (json!({"currency": "EUR"}), "/activities/0/budget/amount"),
    ] {
        let reply = yokohama.json_patch(&path, "*", half(part)).await;
        reply.refused(&[(pointer, "required")]);
    }
}
