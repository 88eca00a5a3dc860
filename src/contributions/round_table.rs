//! The round table of a meeting: every key question with the cities' answers, as far as the caller sees them.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::db::visible_to;
use super::types::Contribution;
use crate::auth::Caller;
use crate::cities::types::City;
use crate::column::words;
use crate::db::Connection;
use crate::ids::{CityId, ContributionId, MeetingId, QuestionId};
use crate::key_questions::types::KeyQuestion;
use crate::meetings::types::Meeting;
use crate::resource::{Include, Included, included, keep_readable};
use crate::schema::{contributions, key_questions};
use crate::text::Text;

words! {
    /// What can be answered along with a round table.
    RoundTableInclude {
        /// The cities that answered.
        Cities = "cities",
        /// All the questions.
        KeyQuestions = "key_questions",
    }
}

/// The parameters of a round table.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RoundTableParams {
    /// Related things to answer along, under `included`.
    #[serde(default)]
    #[param(style = Form, explode = false, inline, max_items = 2)]
    pub include: Vec<RoundTableInclude>,
}

/// The round table of a meeting.
#[derive(Serialize, ToSchema)]
pub struct RoundTable {
    /// The meeting.
    pub meeting: MeetingId,
    /// Every key question, in the programme's order.
    #[schema(max_items = 1000)]
    pub questions: Vec<AnsweredQuestion>,
    /// What `include` asks for, once each: by kind and id.
    #[schema(value_type = Object, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub included: Option<Included>,
}

/// A key question, and the answers to it.
#[derive(Serialize, ToSchema)]
pub struct AnsweredQuestion {
    /// The question.
    pub question: QuestionId,
    /// The answers that the caller sees, in the order of the meeting's cities.
    #[schema(max_items = 200)]
    pub answers: Vec<CityAnswer>,
}

/// What one city answered.
#[derive(Serialize, ToSchema)]
pub struct CityAnswer {
    /// The city.
    pub city: CityId,
    /// The contribution.
    pub contribution: ContributionId,
    /// The answer.
    pub text: Text,
}

/// What can be answered along.
pub const INCLUDES: &[Include<RoundTable>] = &[
    Include::new::<City>("cities", |table| {
        let answers = table.questions.iter().flat_map(|part| &part.answers);
        answers.map(|answer| answer.city.to_string()).collect()
    }),
    Include::new::<KeyQuestion>("key_questions", |table| {
        let questions = table.questions.iter();
        questions.map(|part| part.question.to_string()).collect()
    }),
];

/// Reads the round table of `meeting`, as far as `caller` sees it: one statement for the questions, one for the answers.
pub async fn find(
    mut conn: &Connection,
    caller: &Caller,
    meeting: &Meeting,
    include: &[RoundTableInclude],
) -> QueryResult<RoundTable> {
    let questions: Vec<QuestionId> = key_questions::table
        .order((key_questions::position, key_questions::id))
        .select(key_questions::id)
        .load(&mut conn)
        .await?;
    let mut query = contributions::table
        .filter(contributions::meeting.eq(&meeting.id))
        .select(Contribution::as_select())
        .into_boxed();
    if let Some(seen) = visible_to(caller) {
        query = query.filter(seen);
    }
    let mut answers: Vec<Contribution> = query.load(&mut conn).await?;
    keep_readable::<Contribution, _>(caller, &mut answers);
    answers.sort_by_cached_key(|answer| {
        let place = meeting.cities.iter().position(|city| *city == answer.city);
        place.unwrap_or(usize::MAX)
    });
    let mut table = RoundTable {
        meeting: meeting.id.clone(),
        questions: questions.into_iter().map(unanswered).collect(),
        included: None,
    };
    for answer in answers {
        let mut parts = table.questions.iter_mut();
        if let Some(part) = parts.find(|part| part.question == answer.question) {
            part.answers.push(CityAnswer {
                city: answer.city,
                contribution: answer.id,
                text: answer.text,
            });
        }
    }
    let names: Vec<String> = include.iter().map(ToString::to_string).collect();
    let tables = std::slice::from_ref(&table);
    table.included = included(conn, caller, tables, INCLUDES, &names).await?;
    Ok(table)
}

fn unanswered(question: QuestionId) -> AnsweredQuestion {
    AnsweredQuestion {
        question,
        answers: Vec::new(),
    }
}
