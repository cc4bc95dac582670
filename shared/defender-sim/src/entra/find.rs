//! Which tenant an address names.

use uuid::Uuid;

use super::refusal::Refusal;
use crate::scenario::Scenario;
use crate::state::State;

/// The tenant that a GUID or a verified domain names.
pub(super) fn find(state: &State, tenant: &str) -> Result<Uuid, Refusal> {
    let named = match tenant.parse::<Uuid>() {
        Ok(id) => state.tenants.get(&id),
        Err(_) if tenant.contains('.') => {
            state.tenants.values().find(|known| known.spec.domain.eq_ignore_ascii_case(tenant))
        }
        Err(_) if matches!(tenant, "common" | "organizations" | "consumers") => {
            return Err(Refusal::shared_endpoint());
        }
        Err(_) => return Err(Refusal::malformed_tenant(tenant)),
    };
    named
        .filter(|known| known.spec.scenario != Scenario::TenantNotFound)
        .map(|known| known.spec.tenant_id)
        .ok_or_else(|| Refusal::tenant_not_found(tenant))
}
