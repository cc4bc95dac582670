//! Custom detection rules, beta only
//! (<https://learn.microsoft.com/en-us/graph/api/security-rulesroot-list-detectionrules>): the
//! documentation's own, the same for every tenant.

use serde_json::Value;

use super::problem::Problem;
use super::reply::Reply;
use super::view::View;

pub(super) const READ: &[&str] = &["CustomDetection.Read.All", "CustomDetection.ReadWrite.All"];

const RULES: &str = include_str!("../../data/documented/detectionRules_list.beta.response.json");

/// Below `/security/rules`.
pub(super) fn answer(view: &View<'_>, rest: &str) -> Result<Reply, Problem> {
    let mut rules: Value = serde_json::from_str(RULES).unwrap_or_default();
    let context = |suffix: &str| Value::from(view.context(&format!("rules/detectionRules{suffix}")));
    if rest == "detectionRules" {
        rules["@odata.context"] = context("");
        return Ok(Reply::json(rules.to_string().into()));
    }
    let id = rest.strip_prefix("detectionRules/").unwrap_or("");
    let rules = rules["value"].as_array_mut();
    let rule = rules.and_then(|rules| rules.iter_mut().find(|rule| rule["id"] == id));
    let rule =
        rule.ok_or_else(|| Problem::not_found(&format!("microsoft.graph.security.detectionRule '{id}'")))?;
    rule["@odata.context"] = context("/$entity");
    Ok(Reply::json(rule.to_string().into()))
}
