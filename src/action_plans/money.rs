//! Amounts of money in a plan: what activities cost and who pays, so that they can be read and added up.

use super::types::ActionPlan;
use crate::places::Currency;
use crate::problem::{Fault, Faults, Rule};

/// An amount comes with its currency, and has no more decimals than that.
pub fn check_money(plan: &ActionPlan, faults: &mut Faults) {
    for (index, part) in plan.activities.iter().enumerate() {
        if let Some(budget) = &part.budget {
            let pointer = format!("/activities/{index}/budget");
            check_amount(
                &pointer,
                Some(&budget.amount),
                Some(&budget.currency),
                faults,
            );
        }
    }
    let financing = plan.implementation.iter().flat_map(|part| &part.financing);
    for (index, part) in financing.enumerate() {
        let pointer = format!("/implementation/financing/{index}");
        check_amount(
            &pointer,
            part.amount.as_ref(),
            part.currency.as_ref(),
            faults,
        );
    }
}

fn check_amount(
    pointer: &str,
    amount: Option<&String>,
    currency: Option<&Currency>,
    faults: &mut Faults,
) {
    let (amount, currency) = match (amount, currency) {
        (Some(amount), Some(currency)) => (amount, currency),
        (None, None) => return,
        (None, Some(_)) => {
            return faults.push(Fault::at(format!("{pointer}/amount"), Rule::Required));
        }
        (Some(_), None) => {
            return faults.push(Fault::at(format!("{pointer}/currency"), Rule::Required));
        }
    };
    let written = amount
        .split_once('.')
        .map_or(0, |(_, decimals)| decimals.len());
    if let Some(limit) = currency.decimals().filter(|limit| written > *limit) {
        let fault = Fault::at(format!("{pointer}/amount"), Rule::TooManyDecimals);
        faults.push(
            fault
                .against(format!("{pointer}/currency"))
                .with("currency", currency.as_str())
                .with("limit", limit),
        );
    }
}
