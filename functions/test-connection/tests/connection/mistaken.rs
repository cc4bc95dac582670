//! Values that were entered wrongly in a usual way are told as what they are.

use defender_sim::{Scenario, TenantSpec};
use graph_auth::Cause;
use test_connection::{CheckId, Input};

use crate::support::{Desk, input, spec};

#[tokio::test]
async fn a_domain_in_place_of_the_tenant_id_gives_the_id() {
    let desk = Desk::open().await;
    let tenant =
        desk.simulator.add_tenant(TenantSpec { domain: "contoso.example".into(), ..spec(1, Scenario::Good) });
    for entered in ["contoso.example", " Contoso.Example\n", "admin@contoso.example"] {
        desk.simulator.keep_requests(0);
        desk.simulator.keep_requests(10);
        let input = Input { tenant_id: entered.into(), ..input(&tenant) };
        let report = desk.tester().test(&input, |_| {}).await;
        let failure = report.failure().unwrap();
        assert_eq!((failure.id, failure.cause), (CheckId::Input, Some(Cause::TenantIdIsDomain)));
        assert!(failure.remedy.as_ref().unwrap().contains(&tenant.tenant_id.to_string()), "{failure:?}");
        let asked: Vec<_> = desk.simulator.requests().into_iter().map(|asked| asked.target).collect();
        assert_eq!(asked, ["/contoso.example/v2.0/.well-known/openid-configuration"], "no secret is sent");
    }
}

#[tokio::test]
async fn a_domain_that_nobody_knows_has_the_usual_remedy() {
    let desk = Desk::open().await;
    let tenant = desk.tenant(Scenario::Good);
    let input = Input { tenant_id: "nobody.example".into(), ..input(&tenant) };
    let report = desk.tester().test(&input, |_| {}).await;
    let failure = report.failure().unwrap();
    assert_eq!(failure.cause, Some(Cause::TenantIdIsDomain));
    assert_eq!(failure.remedy.as_deref(), Some(Cause::TenantIdIsDomain.explain().remedy));
}

#[tokio::test]
async fn swapped_ids_are_told_and_no_secret_is_sent() {
    let desk = Desk::open().await;
    let tenant = desk.tenant(Scenario::Good);
    let right = input(&tenant);
    let swapped = Input { tenant_id: right.client_id.clone(), client_id: right.tenant_id.clone(), ..right };
    let report = desk.tester().test(&swapped, |_| {}).await;
    let failure = report.failure().unwrap();
    assert_eq!((failure.id, failure.cause), (CheckId::Tenant, Some(Cause::IdsSwapped)));
    assert!(desk.simulator.requests().iter().all(|asked| !asked.target.contains("token")));
}

#[tokio::test]
async fn an_id_in_an_address_or_behind_a_label_is_told_as_that() {
    let desk = Desk::open().await;
    let right = input(&desk.tenant(Scenario::Good));
    let id = right.tenant_id.clone();
    for (entered, words) in [
        (format!("https://login.microsoftonline.com/{id}/v2.0"), "enter the GUID alone"),
        (format!("https://entra.microsoft.com/{id}/#view/Microsoft_AAD_IAM"), "enter the GUID alone"),
        (format!("Directory (tenant) ID: {id}"), "enter the GUID alone"),
        (format!("tenantId={id}"), "enter the GUID alone"),
        (format!("<{id}>"), "enter the GUID alone"),
        (format!("{id},"), "enter the GUID alone"),
        (format!("{id} {}", right.client_id), "enter the GUID alone"),
        (format!("{id}a"), "37 characters; a GUID has 36"),
        ("common".into(), "many tenants"),
        ("Organizations".into(), "many tenants"),
    ] {
        let input = Input { tenant_id: entered.clone(), ..right.clone() };
        let report = desk.tester().test(&input, |_| {}).await;
        let failure = report.failure().unwrap();
        assert_eq!(failure.cause, Some(Cause::TenantIdMalformed), "{entered}");
        assert!(failure.message.contains(words) && !failure.message.contains(&id), "{entered}: {failure:?}");
    }
    assert!(desk.simulator.requests().is_empty(), "nobody is asked");
}

#[tokio::test]
async fn a_guid_with_a_character_too_few_is_counted() {
    let desk = Desk::open().await;
    let tenant = desk.tenant(Scenario::Good);
    let mut short = input(&tenant);
    short.client_id.pop();
    let report = desk.tester().test(&short, |_| {}).await;
    let failure = report.failure().unwrap();
    assert_eq!(failure.cause, Some(Cause::ClientIdMalformed));
    assert!(failure.message.contains("35 characters; a GUID has 36"), "{failure:?}");
}
