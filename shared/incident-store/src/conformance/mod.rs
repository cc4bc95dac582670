//! What every implementation of [`Connections`] and [`SyncStore`], of [`Groups`] and of [`SecretVault`], keeps, as suites
//! that its tests run.
//!
//! Each check gets a store of its own and panics with the promise that was broken.

mod connections;
mod groups;
mod leases;
mod records;
mod rule;
mod samples;
mod vault;

use crate::{ClientSecrets, Connections, Groups, SecretVault, SyncStore};

/// Runs each check on a new, empty store.
macro_rules! each {
    ($new_store:ident: $($check:path),* $(,)?) => { $( $check(&$new_store().await).await; )* };
}

/// Runs the suite. `new_store` answers with an empty store each time it is called.
///
/// # Panics
/// When a promise is broken.
pub async fn run<S: Connections + SyncStore, F: AsyncFn() -> S>(new_store: F) {
    each!(new_store:
        connections::what_is_created_is_read_back,
        connections::creating_again_is_harmless,
        connections::one_connection_for_a_tenant_client_and_cloud,
        connections::an_update_is_for_the_version_that_was_read,
        connections::removal_is_final,
        connections::the_longest_due_come_first,
        connections::a_group_s_list_is_read_page_by_page,
        connections::the_unfinished_are_found,
    );
    each!(new_store:
        leases::one_run_at_a_time,
        leases::of_claims_at_once_one_wins,
        leases::a_lease_that_ended_is_taken_over,
        leases::what_a_clock_that_was_ahead_has_left_is_not_believed,
        leases::a_released_lease_is_free,
        leases::only_connected_ones_are_synced,
        leases::a_claim_schedules_and_a_save_may_reschedule,
        leases::a_slot_has_one_run,
        leases::a_look_takes_nothing,
        leases::what_was_seen_is_settled_and_what_has_changed_since_is_not,
        leases::what_is_updated_is_due_at_once,
        leases::progress_tells_of_the_last_run,
        leases::state_is_kept_as_it_is,
        leases::removal_stops_a_running_sync,
        leases::a_pause_lets_a_running_sync_end,
    );
    each!(new_store:
        rule::an_older_instant_never_replaces,
        rule::an_instant_of_the_future_does_not_hold_a_record_for_ever,
        rule::an_earlier_instant_replaces_only_the_version_that_it_is_said_to,
        rule::a_newer_instant_replaces,
        rule::at_one_instant_only_a_later_and_different_answer_replaces,
        rule::no_instant_is_below_every_instant,
        rule::instants_are_exact_to_100_ns,
        rule::every_changed_field_is_named,
        rule::the_order_of_keys_is_no_change,
    );
    each!(new_store:
        records::revisions_grow_with_real_changes_only,
        records::versions_of_one_id_in_one_call_are_taken_in_order,
        records::kinds_and_connections_are_apart,
        records::versions_answer_in_the_order_of_the_ids,
        records::any_text_and_size_is_kept,
        records::a_thousand_records_are_one_call,
        records::delivering_again_changes_nothing,
    );
}

/// Runs the suite of [`Groups`]. `new_store` answers with an empty store each time it is called.
///
/// # Panics
/// When a promise is broken.
pub async fn run_groups<S: Connections + Groups, F: AsyncFn() -> S>(new_store: F) {
    each!(new_store:
        groups::an_owner_has_one_home,
        groups::of_homes_made_at_once_there_is_one,
        groups::a_move_takes_all_that_belongs_to_a_group,
        groups::a_moved_group_is_no_home,
        groups::only_an_owner_s_group_is_moved,
    );
}

/// Runs the suite of [`SecretVault`]. `new_vault` answers with an empty vault each time it is called.
///
/// # Panics
/// When a promise is broken.
pub async fn run_vault<V: ClientSecrets + SecretVault, F: AsyncFn() -> V>(new_vault: F) {
    each!(new_vault:
        vault::what_was_promoted_is_read,
        vault::a_staged_secret_waits,
        vault::a_version_written_twice_is_one,
        vault::a_discarded_version_is_gone,
        vault::removal_is_final,
    );
}
