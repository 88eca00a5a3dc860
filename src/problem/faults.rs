//! Faults: the parts of the input that break a rule, each with its place; all of them are told at once.

use super::{Code, Problem, Rule};
use crate::messages::{Args, Language, Value, message};

/// One part of the input that breaks a rule, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    place: Place,
    rule: Rule,
    args: Args,
    against: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Pointer(String),
    Parameter(String),
}

impl Fault {
    /// A fault in the body, at a JSON Pointer (RFC 6901; empty for the whole body).
    pub fn at(pointer: impl Into<String>, rule: Rule) -> Self {
        Self {
            place: Place::Pointer(pointer.into()),
            rule,
            args: Args::new(),
            against: Vec::new(),
        }
    }

    /// A fault in a query parameter or header field.
    pub fn in_parameter(name: impl Into<String>, rule: Rule) -> Self {
        Self {
            place: Place::Parameter(name.into()),
            rule,
            args: Args::new(),
            against: Vec::new(),
        }
    }

    /// Says that its place was held against what stands at `pointer`: it is told only when that is
    /// there as it was sent.
    #[must_use]
    pub fn against(mut self, pointer: impl Into<String>) -> Self {
        self.against.push(pointer.into());
        self
    }

    /// Gives a value that the message names.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.push((name, Value::Plain(value.to_string())));
        self
    }

    /// Gives one of the service's own words, by the id of its message.
    #[must_use]
    pub fn with_word(self, name: &'static str, id: impl Into<String>) -> Self {
        self.with_words(name, [id.into()], "list-comma")
    }

    /// Gives several of the service's own words, joined by the message `join`.
    #[must_use]
    pub fn with_words(
        mut self,
        name: &'static str,
        ids: impl IntoIterator<Item = String>,
        join: &'static str,
    ) -> Self {
        let words = Value::Words(ids.into_iter().collect(), join);
        self.args.push((name, words));
        self
    }

    /// The same fault, told of another place in the body.
    #[must_use]
    pub fn moved_to(mut self, pointer: impl Into<String>) -> Self {
        self.place = Place::Pointer(pointer.into());
        self
    }

    /// The same fault, standing in a query parameter instead of a body.
    #[must_use]
    pub fn moved_to_parameter(mut self, name: impl Into<String>) -> Self {
        self.place = Place::Parameter(name.into());
        self
    }

    /// The rule it breaks.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// The JSON Pointer of a fault in a body.
    pub fn pointer(&self) -> Option<&str> {
        match &self.place {
            Place::Pointer(pointer) => Some(pointer),
            Place::Parameter(_) => None,
        }
    }

    /// The name of the query parameter or header field of a fault in one.
    pub fn parameter(&self) -> Option<&str> {
        match &self.place {
            Place::Pointer(_) => None,
            Place::Parameter(name) => Some(name),
        }
    }

    /// Whether what stands at `pointer` cannot be judged because of it: it is there, in it or around it.
    fn blurs(&self, pointer: &str) -> bool {
        let leaves_rest = matches!(
            self.rule,
            Rule::UnknownField | Rule::ReadOnly | Rule::LongName
        );
        let is_there = |own| is_within(own, pointer) || is_within(pointer, own);
        !leaves_rest && !self.rule.is_of_many() && self.pointer().is_some_and(is_there)
    }

    /// The rule in words.
    pub fn detail(&self, language: Language) -> String {
        message(language, &self.rule.message(), None, &self.args)
            .unwrap_or_else(|| self.rule.as_str().to_owned())
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Place::Pointer(place) | Place::Parameter(place)) = &self.place;
        let place = if place.is_empty() { "/" } else { place };
        write!(f, "{place}: {}", self.detail(Language::En))
    }
}

/// Whether one pointer is the other, or leads further into it.
fn is_within(inner: &str, outer: &str) -> bool {
    let rest = inner.strip_prefix(outer);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// How many faults one answer lists.
pub const MAX_FAULTS: usize = 100;

/// Everything found wrong with one input.
#[derive(Clone, Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// None so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a fault; no more than [`MAX_FAULTS`], which are more than anybody mends at once.
    pub fn push(&mut self, fault: Fault) {
        if self.0.len() < MAX_FAULTS && !self.0.contains(&fault) {
            self.0.push(fault);
        }
    }

    /// Notes a fault of a place in which nothing has been found so far, nor inside of it.
    pub fn push_unless_within(&mut self, fault: Fault) {
        let place = fault.pointer().unwrap_or_default();
        let mut told = self.0.iter().filter_map(Fault::pointer);
        if !told.any(|told| is_within(told, place)) {
            self.push(fault);
        }
    }

    /// Notes a fault at `pointer` when `broken`.
    pub fn check(&mut self, broken: bool, pointer: impl Into<String>, rule: Rule) {
        if broken {
            self.push(Fault::at(pointer, rule));
        }
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was found.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }

    /// Takes over the faults of another check.
    pub fn extend(&mut self, others: Faults) {
        for fault in others.0 {
            self.push(fault);
        }
    }

    /// Takes over the faults of another check of the same body, in places where this one has found none.
    pub fn extend_elsewhere(&mut self, mut others: Faults) {
        let is_told = |fault: &Fault| self.0.iter().any(|told| told.place == fault.place);
        others.0.retain(|fault| !is_told(fault));
        self.extend(others);
    }

    /// Those whose rule is such a one, and the others.
    #[must_use]
    pub fn parted(self, is_such: impl Fn(Rule) -> bool) -> (Self, Self) {
        let (such, others) = self.0.into_iter().partition(|fault| is_such(fault.rule));
        (Self(such), Self(others))
    }

    /// The faults of meaning of a body with these faults of its `shape`, and those too. What was judged by something that
    /// stands in for what was sent is left out.
    #[must_use]
    pub fn behind(mut self, shape: Self) -> Self {
        let is_blurred = |pointer: &str| shape.0.iter().any(|fault| fault.blurs(pointer));
        self.0.retain(|fault| {
            let mut places = fault.pointer().into_iter();
            !places.any(is_blurred) && !fault.against.iter().any(|place| is_blurred(place))
        });
        let mut all = shape;
        all.extend(self);
        all
    }

    /// Leaves out what was held against something that is not there; and of what never changes, what else is wrong with it.
    fn settle(&mut self) {
        let is_firm =
            |fault: &&Fault| fault.rule == Rule::UnknownReference && fault.against.is_empty();
        let firm: Vec<Fault> = self.0.iter().filter(is_firm).cloned().collect();
        let is_blurred = |pointer: &String| firm.iter().any(|fault| fault.blurs(pointer));
        self.0.retain(|fault| !fault.against.iter().any(is_blurred));
        let never = |fault: &&Fault| fault.rule == Rule::Immutable;
        let fixed: Vec<Place> = self
            .0
            .iter()
            .filter(never)
            .map(|it| it.place.clone())
            .collect();
        self.0
            .retain(|fault| never(&fault) || !fixed.contains(&fault.place));
    }

    /// Nothing when all is well; else an `invalid_input` problem that lists everything, in the body's order; or the conflict
    /// that all of it is, when nothing is wrong with the input as such.
    pub fn into_result(mut self) -> Result<(), Problem> {
        if self.0.is_empty() {
            return Ok(());
        }
        self.settle();
        self.0.sort_by(|a, b| a.place.cmp(&b.place));
        let conflict = self.0.first().and_then(|fault| fault.rule.conflict());
        let all = self.0.iter().all(|fault| fault.rule.conflict() == conflict);
        let code = conflict.filter(|_| all).unwrap_or(Code::InvalidInput);
        let mut problem = Problem::new(code).with("count", self.0.len());
        problem.0.faults = self.0;
        Err(problem)
    }
}

impl FromIterator<Fault> for Faults {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        let mut all = Self::new();
        for fault in faults {
            all.push(fault);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_faults_are_told_at_once_in_order() {
        let mut faults = Faults::new();
        faults.push(Fault::at("/name", Rule::Required));
        faults.push(Fault::at("/codes/lau", Rule::WrongType).with("expected", "a string"));
        faults.push(Fault::at("/name", Rule::Required));
        let problem = faults.into_result().unwrap_err();
        assert_eq!(
            problem
                .faults()
                .iter()
                .filter_map(Fault::pointer)
                .collect::<Vec<_>>(),
            ["/codes/lau", "/name"]
        );
    }

    fn told(faults: Faults) -> Vec<String> {
        let problem = faults.into_result().unwrap_err();
        let places = problem.faults().iter().filter_map(Fault::pointer);
        places.map(str::to_owned).collect()
    }

    #[test]
    fn what_was_held_against_something_that_is_not_there_is_not_told() {
        let held = |against| Fault::at("/city", Rule::NotInMeeting).against(against);
        let with = |faults: &[Fault]| told(Faults::from_iter(faults.iter().cloned()));
        let unknown = Fault::at("/meeting", Rule::UnknownReference);
        assert_eq!(with(&[held("/meeting"), unknown.clone()]), ["/meeting"]);
        assert_eq!(with(&[held("/meet"), unknown]), ["/city", "/meeting"]);
        // What is there can be judged, though something is wrong with it.
        let other = Fault::at("/meeting", Rule::NotYours).against("/city");
        assert_eq!(with(&[held("/meeting"), other]), ["/city", "/meeting"]);
    }

    #[test]
    fn of_what_never_changes_nothing_else_is_told() {
        let faults = [
            Fault::at("/meeting", Rule::UnknownReference),
            Fault::at("/meeting", Rule::Immutable),
            Fault::at("/question", Rule::UnknownReference),
        ];
        let problem = Faults::from_iter(faults).into_result().unwrap_err();
        let rules: Vec<_> = problem.faults().iter().map(Fault::rule).collect();
        assert_eq!(rules, [Rule::Immutable, Rule::UnknownReference]);
    }

    #[test]
    fn what_was_judged_by_a_stand_in_is_not_told() {
        let shape = [
            Fault::at("/revises/plan", Rule::Format),
            Fault::at("/cities", Rule::TooMany),
            Fault::at("/nmae", Rule::UnknownField),
        ];
        let meaning = [
            "",
            "/revises",
            "/revises/plan",
            "/revises/plan/id",
            "/revises/url",
            "/cities/0",
        ];
        let meaning = meaning.map(|place| Fault::at(place, Rule::NothingThere));
        let held = Fault::at("/id", Rule::NothingThere).against("/revises");
        let both =
            Faults::from_iter(meaning.into_iter().chain([held])).behind(Faults::from_iter(shape));
        assert_eq!(
            told(both),
            [
                "/cities",
                "/cities/0",
                "/nmae",
                "/revises/plan",
                "/revises/url"
            ]
        );
    }
}
