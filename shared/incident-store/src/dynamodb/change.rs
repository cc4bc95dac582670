//! What one write does to one item, and on which condition.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update};

use super::item::Item;
use super::keys::Key;
use crate::StoreError;

/// An update of an item, or the condition of another write. In expressions `#name` is the attribute `name`;
/// so no attribute's name can be one of DynamoDB's reserved words.
#[derive(Clone, Debug, Default)]
pub(super) struct Change {
    sets: Vec<String>,
    removes: Vec<String>,
    condition: String,
    values: HashMap<String, AttributeValue>,
}

impl Change {
    /// No update: only a condition.
    pub(super) fn when(condition: &str) -> Self {
        Self::default().and(condition)
    }

    pub(super) fn set(mut self, attribute: &str, value: AttributeValue) -> Self {
        self.values.insert(format!(":{attribute}"), value);
        self.set_to(attribute, &format!(":{attribute}"))
    }

    /// Sets it, or removes it where there is no value.
    pub(super) fn set_or_remove(self, attribute: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.set(attribute, value),
            None => self.remove(attribute),
        }
    }

    /// Sets it to an expression.
    pub(super) fn set_to(mut self, attribute: &str, expression: &str) -> Self {
        self.sets.push(format!("#{attribute} = {expression}"));
        self
    }

    pub(super) fn remove(mut self, attribute: &str) -> Self {
        self.removes.push(format!("#{attribute}"));
        self
    }

    /// One condition more.
    pub(super) fn and(mut self, condition: &str) -> Self {
        let and = if self.condition.is_empty() { "" } else { " AND " };
        self.condition = format!("{}{and}({condition})", self.condition);
        self
    }

    /// What `:name` stands for.
    pub(super) fn value(mut self, name: &str, value: AttributeValue) -> Self {
        self.values.insert(format!(":{name}"), value);
        self
    }

    pub(super) fn update_expression(&self) -> Option<String> {
        let clause = |word: &str, parts: &[String]| match parts {
            [] => String::new(),
            parts => format!("{word} {} ", parts.join(", ")),
        };
        let text = clause("SET", &self.sets) + &clause("REMOVE", &self.removes);
        (!text.is_empty()).then(|| text.trim_end().to_owned())
    }

    pub(super) fn condition(&self) -> Option<String> {
        (!self.condition.is_empty()).then(|| self.condition.clone())
    }

    pub(super) fn names(&self) -> Option<HashMap<String, String>> {
        let update = self.update_expression().unwrap_or_default();
        let names = names_in(&format!("{update} {}", self.condition));
        (!names.is_empty()).then_some(names)
    }

    pub(super) fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        (!self.values.is_empty()).then(|| self.values.clone())
    }

    pub(super) fn update(self, table: &str, key: &Key) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(table)
            .set_key(Some(key.item()))
            .set_update_expression(self.update_expression())
            .set_condition_expression(self.condition())
            .set_expression_attribute_names(self.names())
            .set_expression_attribute_values(self.values());
        Ok(TransactWriteItem::builder().update(update.build()?).build())
    }

    pub(super) fn put(self, table: &str, item: Item) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(table)
            .set_item(Some(item))
            .set_condition_expression(self.condition())
            .set_expression_attribute_names(self.names())
            .set_expression_attribute_values(self.values());
        Ok(TransactWriteItem::builder().put(put.build()?).build())
    }

    /// Writes nothing: the condition alone decides about the others.
    pub(super) fn check(self, table: &str, key: &Key) -> Result<TransactWriteItem, StoreError> {
        let check = ConditionCheck::builder()
            .table_name(table)
            .set_key(Some(key.item()))
            .set_condition_expression(self.condition())
            .set_expression_attribute_names(self.names())
            .set_expression_attribute_values(self.values());
        Ok(TransactWriteItem::builder().condition_check(check.build()?).build())
    }

    pub(super) fn delete(self, table: &str, key: &Key) -> Result<TransactWriteItem, StoreError> {
        let delete = Delete::builder()
            .table_name(table)
            .set_key(Some(key.item()))
            .set_condition_expression(self.condition())
            .set_expression_attribute_names(self.names())
            .set_expression_attribute_values(self.values());
        Ok(TransactWriteItem::builder().delete(delete.build()?).build())
    }
}

/// Every `#name` in an expression.
pub(super) fn names_in(expression: &str) -> HashMap<String, String> {
    let mut names = HashMap::new();
    for part in expression.split('#').skip(1) {
        let name: String = part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        names.insert(format!("#{name}"), name);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamodb::item::of_number;

    #[test]
    fn an_expression_names_each_attribute_once() {
        let change = Change::when("#fence = :fence OR attribute_not_exists(#pk)")
            .and("#lifecycle <> :lifecycle")
            .value("fence", of_number(1))
            .set("name", of_number(2))
            .set_to("free_from", "#lease_until")
            .set_or_remove("owner", None);
        assert_eq!(
            change.update_expression().as_deref(),
            Some("SET #name = :name, #free_from = #lease_until REMOVE #owner")
        );
        assert_eq!(
            change.condition().as_deref(),
            Some("(#fence = :fence OR attribute_not_exists(#pk)) AND (#lifecycle <> :lifecycle)")
        );
        let mut names: Vec<_> = change.names().unwrap().into_values().collect();
        names.sort();
        assert_eq!(names, ["fence", "free_from", "lease_until", "lifecycle", "name", "owner", "pk"]);
        assert_eq!(Change::default().names(), None);
    }
}
