//! The words of the picture, in English or Japanese.

use super::super::matrix::{MatrixBy, SdgMatrix};

/// The words of a picture in one language.
pub struct Words {
    /// The language tag.
    pub tag: &'static str,
    pub by_city: &'static str,
    pub by_pairing: &'static str,
    pub subtitle: &'static str,
    pub all: &'static str,
    pub plans: &'static str,
    pub legend: &'static str,
    pub note: &'static str,
    is_japanese: bool,
}

const ENGLISH: Words = Words {
    tag: "en",
    by_city: "Sustainable Development Goals in the cities’ action plans",
    by_pairing: "Sustainable Development Goals in the pairings’ action plans",
    subtitle: "How many published Local Action Plans serve each goal",
    all: "All",
    plans: "Published plans",
    legend: "Plans",
    note: "A plan counts for each goal that it names, and once under “All”.",
    is_japanese: false,
};

const JAPANESE: Words = Words {
    tag: "ja",
    by_city: "都市別に見る行動計画とSDGs",
    by_pairing: "ペアリング別に見る行動計画とSDGs",
    subtitle: "各目標に取り組む公開済み行動計画の数",
    all: "全体",
    plans: "公開済みの計画",
    legend: "計画数",
    note: "一つの計画は、掲げる目標ごとに数えています。「全体」では、同じ計画を一度だけ数えています。",
    is_japanese: true,
};

impl Words {
    /// The words for a language (BCP 47): English for every language but Japanese.
    pub fn of(language: &str) -> &'static Self {
        match language.split('-').next() {
            Some("ja") => &JAPANESE,
            _ => &ENGLISH,
        }
    }

    pub fn headline(&self, by: MatrixBy) -> &'static str {
        match by {
            MatrixBy::City => self.by_city,
            MatrixBy::Pairing => self.by_pairing,
        }
    }

    /// How many columns of text fit a room of so many ems: Japanese letters are square, others narrower.
    pub fn columns(&self, ems: f64) -> usize {
        let each = if self.is_japanese { 0.5 } else { 0.6 };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of columns: small and positive"
        )]
        let columns = (ems / each) as usize;
        columns
    }

    /// What somebody is told who does not see the picture; `most` is the goal that most plans serve, and how many.
    pub fn description(&self, matrix: &SdgMatrix, most: Option<(&str, i64)>) -> String {
        let (goals, columns) = (matrix.goals.len(), matrix.columns.len());
        let table = if self.is_japanese {
            format!("{goals}の目標と{columns}列の表。")
        } else {
            format!("A table of {goals} goals by {columns} columns.")
        };
        let most = match (self.is_japanese, most) {
            (false, Some((goal, plans))) => {
                format!(" Served most: {goal} ({plans} of {} plans).", matrix.plans)
            }
            (false, None) => " No published plan serves a goal yet.".to_owned(),
            (true, Some((goal, plans))) => {
                let all = matrix.plans;
                format!("最も多い目標は「{goal}」（{all}件中{plans}件）。")
            }
            (true, None) => "目標に取り組む公開済みの計画はまだありません。".to_owned(),
        };
        table + &most
    }
}
