use std::time::Instant;
use http::Method;
use defender_sim::Generator;
use crate::support::Desk;

#[test]
fn pace() {
    let t = Instant::now();
    let desk = Desk::good(Generator { incidents: 2000, ..Generator::default() });
    println!("made in {:?}, {} versions", t.elapsed(), desk.simulator.history(desk.tenant.tenant_id, defender_sim::Kind::Alerts).len());
    for target in [
        "/v1.0/security/incidents?$filter=lastUpdateDateTime%20ge%202026-11-24T00:00:00.1234567Z&$orderby=lastUpdateDateTime%20asc&$top=50",
        "/v1.0/security/incidents?$orderby=lastUpdateDateTime%20asc&$top=50",
        "/v1.0/security/incidents?$filter=status%20eq%20'open'%20or%20status%20eq%20'redirected'&$top=50",
        "/v1.0/security/incidents?$top=1&$select=id,lastUpdateDateTime",
        "/v1.0/security/alerts_v2?$top=100",
    ] {
        let t = Instant::now();
        for _ in 0..2000 { std::hint::black_box(desk.outcome(Method::GET, target, None)); }
        println!("{:?} {target}", t.elapsed() / 2000);
    }
}
