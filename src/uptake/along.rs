//! What is answered along with the flow of a pairing (`include`), so that a frontend shows names without a second request.
//! Plans are not among it: the flow tells of each what there is to show, and whole plans can be very large.

use serde::Deserialize;
use utoipa::IntoParams;

use super::flow::PairingFlow;
use crate::action_plans::types::SourceType;
use crate::auth::Caller;
use crate::cities::types::City;
use crate::column::words;
use crate::contributions::types::Contribution;
use crate::db::Connection;
use crate::knowledge::types::KnowledgeItem;
use crate::meetings::types::Meeting;
use crate::resource::{Include, Included, included, strings};
use crate::tours::types::Tour;

words! {
    /// What can be answered along with the flow of a pairing.
    FlowInclude {
        /// The cities of the pairing.
        Cities = "cities",
        /// The lessons that are contributions.
        Contributions = "contributions",
        /// The lessons that are meetings.
        Meetings = "meetings",
        /// The lessons that are tours.
        Tours = "tours",
        /// The lessons that are knowledge items.
        Knowledge = "knowledge",
    }
}

/// How a flow is asked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FlowParams {
    /// Related things to answer along, once each, under `included`.
    #[serde(default)]
    #[param(style = Form, explode = false, max_items = 5)]
    pub include: Vec<FlowInclude>,
}

/// What can be answered along.
pub const INCLUDES: &[Include<PairingFlow>] = &[
    Include::new::<City>("cities", |flow| strings(&flow.cities)),
    Include::new::<Contribution>("contributions", |flow| {
        lessons(flow, SourceType::Contribution)
    }),
    Include::new::<Meeting>("meetings", |flow| lessons(flow, SourceType::Meeting)),
    Include::new::<Tour>("tours", |flow| lessons(flow, SourceType::Tour)),
    Include::new::<KnowledgeItem>("knowledge", |flow| lessons(flow, SourceType::Knowledge)),
];

/// The ids of the lessons of this kind.
fn lessons(flow: &PairingFlow, kind: SourceType) -> Vec<String> {
    let sources = flow.lessons.iter().map(|lesson| &lesson.source);
    let of_kind = sources.filter(|source| source.r#type == kind);
    of_kind.map(|source| source.id.clone()).collect()
}

/// What `names` asks for of a flow, as far as the caller sees it; `None` when it asks for nothing.
pub async fn along(
    conn: &Connection,
    caller: &Caller,
    flow: &PairingFlow,
    names: &[FlowInclude],
) -> diesel::QueryResult<Option<Included>> {
    let names = names.iter().map(|name| name.as_str().to_owned());
    let names: Vec<String> = names.collect();
    included(conn, caller, std::slice::from_ref(flow), INCLUDES, &names).await
}
