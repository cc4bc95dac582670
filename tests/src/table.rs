//! The table, made as the deployment makes it.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use incident_store::dynamodb::table::{CHANGES, Index, LISTS, PK, SK};

/// Creates table `name`, which is nobody else's, with its indexes.
///
/// # Errors
/// When it is refused.
pub async fn create(client: &Client, name: &str) -> anyhow::Result<()> {
    let mut request = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key(PK, KeyType::Hash)?)
        .key_schema(key(SK, KeyType::Range)?)
        .attribute_definitions(attribute(PK, ScalarAttributeType::S)?)
        .attribute_definitions(attribute(SK, ScalarAttributeType::S)?);
    for of in [CHANGES, LISTS] {
        request = request
            .attribute_definitions(attribute(of.partition, ScalarAttributeType::S)?)
            .attribute_definitions(attribute(of.sort, ScalarAttributeType::N)?)
            .global_secondary_indexes(index(of)?);
    }
    match request.send().await {
        // The first answer came too late for the SDK, which has asked again.
        Err(error)
            if error.as_service_error().is_some_and(CreateTableError::is_resource_in_use_exception) => {}
        answer => drop(answer?),
    }
    Ok(())
}

fn index(of: Index) -> anyhow::Result<GlobalSecondaryIndex> {
    let projected = of.projected.iter().map(ToString::to_string).collect();
    let projection = Projection::builder().projection_type(ProjectionType::Include);
    let index = GlobalSecondaryIndex::builder()
        .index_name(of.name)
        .key_schema(key(of.partition, KeyType::Hash)?)
        .key_schema(key(of.sort, KeyType::Range)?)
        .projection(projection.set_non_key_attributes(Some(projected)).build());
    Ok(index.build()?)
}

fn key(name: &str, kind: KeyType) -> anyhow::Result<KeySchemaElement> {
    Ok(KeySchemaElement::builder().attribute_name(name).key_type(kind).build()?)
}

fn attribute(name: &str, kind: ScalarAttributeType) -> anyhow::Result<AttributeDefinition> {
    Ok(AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build()?)
}
