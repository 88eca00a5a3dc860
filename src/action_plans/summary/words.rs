//! The words of the page: headings, statuses and dates. In the language of the page, which the reader chooses, and not
//! that of problems; English for every language but Japanese.

use super::super::types::{ActivityStatus, PlanStatus};
use crate::edtf::Edtf;

/// The words of a page in one language.
pub struct Words {
    pub proponents: &'static str,
    pub partners: &'static str,
    pub pairing: &'static str,
    pub status: &'static str,
    pub themes: &'static str,
    pub goals: &'static str,
    pub activities: &'static str,
    pub results: &'static str,
    pub joint_actions: &'static str,
    pub untitled: &'static str,
    /// Between the names of a list.
    pub comma: &'static str,
    is_japanese: bool,
}

const ENGLISH: Words = Words {
    proponents: "Proponents",
    partners: "Partners",
    pairing: "Pairing",
    status: "Status",
    themes: "Themes",
    goals: "Goals",
    activities: "Main activities",
    results: "Expected results",
    joint_actions: "Joint actions",
    untitled: "Untitled",
    comma: ", ",
    is_japanese: false,
};

const JAPANESE: Words = Words {
    proponents: "提案都市",
    partners: "パートナー",
    pairing: "ペアリング",
    status: "状況",
    themes: "テーマ",
    goals: "SDGs",
    activities: "主な活動",
    results: "期待される成果",
    joint_actions: "共同行動",
    untitled: "無題",
    comma: "、",
    is_japanese: true,
};

impl Words {
    /// The words for a language (BCP 47).
    pub fn of(language: &str) -> &'static Self {
        match language.split('-').next() {
            Some("ja") => &JAPANESE,
            _ => &ENGLISH,
        }
    }

    fn choose<'a>(&self, english: &'a str, japanese: &'a str) -> &'a str {
        if self.is_japanese { japanese } else { english }
    }

    pub fn plan_status(&self, status: PlanStatus) -> &'static str {
        match status {
            PlanStatus::Draft => self.choose("draft", "作成中"),
            PlanStatus::Submitted => self.choose("submitted", "提出済み"),
            PlanStatus::Returned => self.choose("returned", "差し戻し"),
            PlanStatus::Approved => self.choose("approved", "承認済み"),
            PlanStatus::Withdrawn => self.choose("withdrawn", "取り下げ"),
        }
    }

    pub fn activity_status(&self, status: ActivityStatus) -> &'static str {
        match status {
            ActivityStatus::Planned => self.choose("planned", "計画中"),
            ActivityStatus::Ongoing => self.choose("ongoing", "実施中"),
            ActivityStatus::Done => self.choose("done", "完了"),
            ActivityStatus::Dropped => self.choose("dropped", "中止"),
        }
    }

    /// Tells of what is left out.
    pub fn more(&self, count: usize) -> String {
        if self.is_japanese {
            format!("ほか{count}件")
        } else {
            format!("and {count} more")
        }
    }

    pub fn with(&self, cities: &str) -> String {
        if self.is_japanese {
            format!("{cities}と連携")
        } else {
            format!("with {cities}")
        }
    }

    /// Tells that the page is not, or not all, in the language asked for.
    pub fn instead(&self, asked: &str, own: &str, is_all: bool) -> String {
        let (asked, own) = (self.language(asked), self.language(own));
        match (self.is_japanese, is_all) {
            (false, true) => format!("Not written in {asked}; shown in {own}."),
            (false, false) => format!("What is not there in {asked} is shown in {own}."),
            (true, true) => format!("{asked}では書かれていないため、{own}で表示しています。"),
            (true, false) => format!("{asked}がない部分は、{own}で表示しています。"),
        }
    }

    /// What a language is called.
    pub fn language(&self, tag: &str) -> String {
        let (english, japanese) = match tag.split('-').next().unwrap_or_default() {
            "de" => ("German", "ドイツ語"),
            "el" => ("Greek", "ギリシャ語"),
            "en" => ("English", "英語"),
            "es" => ("Spanish", "スペイン語"),
            "fi" => ("Finnish", "フィンランド語"),
            "fr" => ("French", "フランス語"),
            "it" => ("Italian", "イタリア語"),
            "ja" => ("Japanese", "日本語"),
            "nl" => ("Dutch", "オランダ語"),
            "pl" => ("Polish", "ポーランド語"),
            "pt" => ("Portuguese", "ポルトガル語"),
            "sk" => ("Slovak", "スロバキア語"),
            "sv" => ("Swedish", "スウェーデン語"),
            _ => (tag, tag),
        };
        self.choose(english, japanese).to_owned()
    }

    /// A date for people: `2019-04/2020-03` is April 2019 to March 2020.
    pub fn date(&self, date: &Edtf) -> String {
        match date.as_str().split_once('/') {
            None => self.moment(date.as_str()),
            Some(("..", end)) if self.is_japanese => format!("{}まで", self.moment(end)),
            Some(("..", end)) => format!("until {}", self.moment(end)),
            Some((begin, "..")) if self.is_japanese => format!("{}から", self.moment(begin)),
            Some((begin, "..")) => format!("from {}", self.moment(begin)),
            Some((begin, end)) if self.is_japanese => {
                format!("{}〜{}", self.moment(begin), self.moment(end))
            }
            Some((begin, end)) => format!("{} to {}", self.moment(begin), self.moment(end)),
        }
    }

    fn moment(&self, date: &str) -> String {
        let bare = date.trim_end_matches(['?', '~', '%']);
        let qualifier = date.strip_prefix(bare).unwrap_or_default();
        let mut numbers = bare
            .split('-')
            .map(|part| part.parse::<usize>().unwrap_or_default());
        let (year, month, day) = (
            numbers.next().unwrap_or_default(),
            numbers.next(),
            numbers.next(),
        );
        let name = month.and_then(|month| MONTHS.get(month.checked_sub(1)?));
        let plain = match (self.is_japanese, month, day) {
            (true, None, _) => format!("{year}年"),
            (true, Some(month), None) => format!("{year}年{month}月"),
            (true, Some(month), Some(day)) => format!("{year}年{month}月{day}日"),
            (false, None, _) => year.to_string(),
            (false, _, None) => format!("{} {year}", name.unwrap_or(&"")),
            (false, _, Some(day)) => format!("{day} {} {year}", name.unwrap_or(&"")),
        };
        match (self.is_japanese, qualifier) {
            (_, "") => plain,
            (true, "~") => format!("{plain}頃"),
            (true, "?") => format!("{plain}（未確定）"),
            (true, _) => format!("{plain}頃（未確定）"),
            (false, "~") => format!("about {plain}"),
            (false, "?") => format!("{plain} (uncertain)"),
            (false, _) => format!("about {plain} (uncertain)"),
        }
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_told_as_people_tell_them() {
        let told = |text: &str| {
            let date = text.parse().unwrap();
            [ENGLISH.date(&date), JAPANESE.date(&date)]
        };
        assert_eq!(told("2018-10-11"), ["11 October 2018", "2018年10月11日"]);
        assert_eq!(
            told("2019-04/2020-03"),
            ["April 2019 to March 2020", "2019年4月〜2020年3月"]
        );
        assert_eq!(told("2021~"), ["about 2021", "2021年頃"]);
        assert_eq!(told("2019/.."), ["from 2019", "2019年から"]);
        assert_eq!(
            told("../2019-05?"),
            ["until May 2019 (uncertain)", "2019年5月（未確定）まで"]
        );
    }
}
