//! The token endpoint and discovery: what each mistake looks like.

use crate::support::{Answer, Desk};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use defender_sim::{Assertion, Faults, Generator, NotOnboarded, Scenario, TenantSpec};
use serde_json::{Value, json};

fn desk(scenario: Scenario) -> Desk {
    Desk::of(TenantSpec::new(3, scenario).with_generator(Generator::empty()))
}

/// The body with every id and time replaced as the recorded ones have them.
fn anonymous(desk: &Desk, answer: &Answer) -> Value {
    let mut text = answer.json.to_string();
    for name in ["trace_id", "correlation_id"] {
        text = text.replace(answer.json[name].as_str().unwrap(), "00000000-0000-0000-0000-000000000000");
    }
    text = text.replace(&desk.tenant.client_id.to_string(), "11111111-1111-1111-1111-111111111111");
    text = text.replace(&desk.tenant.tenant_id.to_string(), "22222222-2222-2222-2222-222222222222");
    text = text.replace(answer.json["timestamp"].as_str().unwrap(), "2026-01-01 00:00:00Z");
    serde_json::from_str(&text).unwrap()
}

fn recorded(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The claims of a token, unchecked.
fn claims(token: &str) -> Value {
    let bytes = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn a_token_says_whose_it_is_what_for_and_how_long() {
    let desk = desk(Scenario::Good);
    let answer = desk.sign_in();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json["token_type"], "Bearer");
    assert_eq!(answer.json["expires_in"], 3599);
    let documented = recorded(include_str!("../../data/recorded/token_success.response.json"));
    for name in documented.as_object().unwrap().keys() {
        assert!(answer.json.get(name).is_some(), "{name}");
    }
    let claims = claims(answer.json["access_token"].as_str().unwrap());
    assert_eq!(claims["tid"], desk.tenant.tenant_id.to_string());
    assert_eq!(claims["appid"], desk.tenant.client_id.to_string());
    assert_eq!(claims["aud"], "https://graph.microsoft.com");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3599);
    assert_eq!(
        claims["roles"],
        json!(["SecurityIncident.ReadWrite.All", "SecurityAlert.ReadWrite.All", "CustomDetection.Read.All"])
    );
}

#[test]
fn a_token_without_consent_is_issued_and_has_no_roles() {
    let answer = desk(Scenario::NoConsent).sign_in();
    assert_eq!(answer.status, 200);
    assert_eq!(claims(answer.json["access_token"].as_str().unwrap()).get("roles"), None);
}

#[test]
fn refusals_are_those_that_people_recorded() {
    let cases = [
        (
            Scenario::WrongSecret,
            401,
            include_str!("../../data/recorded/token_error_7000215_bad_secret.response.json"),
        ),
        (
            Scenario::ExpiredSecret,
            401,
            include_str!("../../data/recorded/token_error_7000222_expired_secret.response.json"),
        ),
        (
            Scenario::TenantNotFound,
            400,
            include_str!("../../data/recorded/token_error_90002_tenant_not_found.response.json"),
        ),
        (
            Scenario::NoServicePrincipal,
            401,
            include_str!("../../data/recorded/token_error_7000229_no_service_principal.response.json"),
        ),
    ];
    for (scenario, status, text) in cases {
        let desk = desk(scenario);
        let answer = desk.sign_in();
        assert_eq!(answer.status, status);
        assert_eq!(anonymous(&desk, &answer), recorded(text));
    }
    let desk = desk(Scenario::Good);
    let answer = desk.post_form(&[
        ("client_id", &desk.tenant.client_id.to_string()),
        ("scope", "https://graph.microsoft.com/.defaultd"),
        ("client_secret", &desk.tenant.secret),
        ("grant_type", "client_credentials"),
    ]);
    let text = include_str!("../../data/recorded/token_error_1002012_bad_scope.response.json");
    assert_eq!(anonymous(&desk, &answer), recorded(text));
}

#[test]
fn every_scenario_has_its_code() {
    for (scenario, status, code, error) in [
        (Scenario::AppDisabled, 400, 7_000_112, "unauthorized_client"),
        (Scenario::ConditionalAccess, 400, 53003, "invalid_grant"),
        (Scenario::EntraTrouble, 503, 90033, "temporarily_unavailable"),
        (Scenario::UnknownApp, 400, 700_016, "unauthorized_client"),
        (Scenario::OtherCloud, 400, 90038, "invalid_request"),
        (
            Scenario::Refuse { code: 1_000_031, error: "invalid_client".to_owned(), status: 401 },
            401,
            1_000_031,
            "invalid_client",
        ),
    ] {
        let answer = desk(scenario.clone()).sign_in();
        assert_eq!(answer.status, status, "{scenario:?}");
        assert_eq!(answer.json["error_codes"], json!([code]));
        assert_eq!(answer.json["error"], error);
        let description = answer.json["error_description"].as_str().unwrap();
        assert!(description.starts_with(&format!("AADSTS{code}: ")), "{description}");
    }
    let throttled = Scenario::Throttled { entra: true, graph: false, retry_after: Some(30) };
    let answer = desk(throttled).sign_in();
    assert_eq!((answer.status.as_u16(), &answer.headers["retry-after"]), (429, &"30".parse().unwrap()));
}

#[test]
fn a_missing_field_is_named() {
    let desk = desk(Scenario::Good);
    let client = desk.tenant.client_id.to_string();
    let all = [
        ("client_id", client.as_str()),
        ("scope", "https://graph.microsoft.com/.default"),
        ("grant_type", "client_credentials"),
    ];
    for (missing, _) in all {
        let fields: Vec<_> = all.iter().filter(|(name, _)| *name != missing).copied().collect();
        let answer = desk.post_form(&fields);
        assert_eq!(answer.json["error_codes"], json!([900_144]));
        assert!(answer.json["error_description"].as_str().unwrap().contains(&format!("'{missing}'")));
    }
    assert_eq!(desk.post_form(&all).json["error_codes"], json!([7_000_218]), "no credential");
    let mut foreign = all;
    foreign[1].1 = "https://graph.microsoft.us/.default";
    let secret = ("client_secret", desk.tenant.secret.as_str());
    assert_eq!(desk.post_form(&[&foreign[..], &[secret]].concat()).json["error"], "invalid_resource");
    let mut grant = all;
    grant[2].1 = "password";
    assert_eq!(desk.post_form(&[&grant[..], &[secret]].concat()).json["error"], "unsupported_grant_type");
}

#[test]
fn a_tenant_is_found_by_its_id_and_its_domain() {
    let spec = TenantSpec::new(3, Scenario::Good).with_generator(Generator::empty());
    let (id, domain) = (spec.tenant_id.to_string(), spec.domain.clone());
    let desk = Desk::of(spec);
    for name in [&id, &domain, &id.to_uppercase()] {
        let answer = desk.discover(name);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json["issuer"], format!("https://login.microsoftonline.com/{id}/v2.0"));
        assert_eq!(
            answer.json["token_endpoint"],
            format!("https://login.microsoftonline.com/{id}/oauth2/v2.0/token")
        );
    }
    for (name, code, error) in [
        ("11111111-2222-3333-4444-555555555555", 90002, "invalid_tenant"),
        ("fabrikam.example", 90002, "invalid_tenant"),
        ("not-a-tenant", 900_023, "invalid_request"),
        ("common", 9_001_023, "invalid_request"),
    ] {
        let answer = desk.discover(name);
        assert_eq!((answer.status.as_u16(), &answer.json["error"]), (400, &error.into()), "{name}");
        assert_eq!(answer.json["error_codes"], json!([code]));
    }
}

#[test]
fn a_secret_can_be_replaced_added_and_expire() {
    let desk = desk(Scenario::WrongSecret);
    assert_eq!(desk.sign_in().json["error_codes"], json!([7_000_215]));
    desk.simulator.replace_secret(desk.tenant.tenant_id, "new~secret");
    assert_eq!(desk.sign_in().status, 401);
    assert_eq!(desk.sign_in_with("new~secret").status, 200);
    desk.simulator.add_secret(desk.tenant.tenant_id, &desk.tenant.secret);
    assert_eq!(desk.sign_in().status, 200);
    desk.simulator.expire_secret(desk.tenant.tenant_id, "new~secret");
    assert_eq!(desk.sign_in_with("new~secret").json["error_codes"], json!([7_000_222]));
    assert_eq!(desk.sign_in().status, 200, "the other one is good");
}

#[test]
fn a_token_keeps_the_roles_of_its_day() {
    let desk = desk(Scenario::NoConsent);
    assert_eq!(desk.get("/v1.0/security/incidents").status, 403);
    desk.simulator.grant(desk.tenant.tenant_id, &["SecurityIncident.Read.All"]);
    assert_eq!(desk.get("/v1.0/security/incidents").status, 403, "the old token has no roles");
    let mut later = desk;
    later.token = later.sign_in().json["access_token"].as_str().unwrap().to_owned();
    assert_eq!(later.get("/v1.0/security/incidents").status, 200);
    later.simulator.revoke(later.tenant.tenant_id, &["SecurityIncident.Read.All"]);
    assert_eq!(later.get("/v1.0/security/incidents").status, 200, "consent is taken back for new tokens");
    let token = later.sign_in().json["access_token"].as_str().unwrap().to_owned();
    later.token = token;
    assert_eq!(later.get("/v1.0/security/incidents").status, 403);
}

#[test]
fn a_token_ends_and_an_unknown_one_is_refused() {
    let mut desk = desk(Scenario::Good);
    desk.pass(3598);
    assert_eq!(desk.get("/v1.0/security/incidents").status, 200);
    desk.pass(1);
    let answer = desk.get("/v1.0/security/incidents");
    assert_eq!(answer.status, 401);
    assert_eq!(answer.json["error"]["code"], "InvalidAuthenticationToken");
    assert!(answer.json["error"]["message"].as_str().unwrap().contains("expired"));
    for token in ["", "eyJ0eXAiOiJKV1QifQ.e30.x"] {
        token.clone_into(&mut desk.token);
        assert_eq!(desk.get("/v1.0/security/incidents").json["error"]["code"], "InvalidAuthenticationToken");
    }
    desk.token = desk.sign_in().json["access_token"].as_str().unwrap().to_owned();
    assert_eq!(desk.get("/v1.0/security/incidents").status, 200);
    desk.simulator.revoke_tokens(desk.tenant.tenant_id);
    assert_eq!(desk.get("/v1.0/security/incidents").status, 401);
}

#[test]
fn missing_roles_are_told_as_recorded() {
    for (target, text) in [
        (
            "/v1.0/security/incidents",
            include_str!("../../data/recorded/graph_error_403_missing_roles_incidents.response.json"),
        ),
        (
            "/v1.0/security/alerts_v2",
            include_str!("../../data/recorded/graph_error_403_missing_roles_alerts_v2.response.json"),
        ),
    ] {
        let answer = desk(Scenario::NoConsent).get(target);
        assert_eq!(answer.status, 403);
        let mut expected = recorded(text);
        expected["error"]["innerError"] = answer.json["error"]["innerError"].clone();
        assert_eq!(answer.json, expected);
    }
    // Recorded with other roles in the token; whoever recorded it cut the list off.
    let text = include_str!("../../data/recorded/graph_error_403_missing_roles_some.response.json");
    let expected = recorded(text)["error"]["message"].clone();
    let mut spec = TenantSpec::new(3, Scenario::Good).with_generator(Generator::empty());
    spec.roles = ["Group.ReadWrite.All", "Group.Read.All", "Policy.ReadWrite.All"].map(str::to_owned).into();
    let message = Desk::of(spec).get("/v1.0/security/incidents").json["error"]["message"].clone();
    assert!(message.as_str().unwrap().starts_with(expected.as_str().unwrap()), "{message}");

    let desk = desk(Scenario::MissingIncidentRole);
    let message = desk.get("/v1.0/security/incidents").json["error"]["message"].clone();
    assert_eq!(
        message,
        "Missing application roles. API required roles: SecurityIncident.Read.All,SecurityIncident.ReadWrite.All, application roles: SecurityAlert.ReadWrite.All,CustomDetection.Read.All."
    );
    assert_eq!(desk.get("/v1.0/security/alerts_v2").status, 200);
}

#[test]
fn roles_open_what_they_name() {
    let statuses = |scenario| {
        let desk = desk(scenario);
        ["/v1.0/security/incidents", "/v1.0/security/alerts_v2", "/beta/security/rules/detectionRules"]
            .map(|target| desk.get(target).status.as_u16())
    };
    assert_eq!(statuses(Scenario::Good), [200, 200, 200]);
    assert_eq!(statuses(Scenario::MissingAlertRole), [200, 200, 200], "incident roles open alerts too");
    assert_eq!(statuses(Scenario::MissingIncidentRole), [403, 200, 200]);
    assert_eq!(statuses(Scenario::MissingDetectionRole), [200, 200, 403]);
    assert_eq!(statuses(Scenario::ReadOnly), [200, 200, 200]);
    for (how, status) in
        [(NotOnboarded::Forbidden, 403), (NotOnboarded::Unauthorized, 401), (NotOnboarded::NotFound, 404)]
    {
        assert_eq!(statuses(Scenario::NotOnboarded(how)), [status; 3]);
    }
    let body = desk(Scenario::NotOnboarded(NotOnboarded::Forbidden)).get("/v1.0/security/incidents").json;
    assert!(!body["error"]["message"].as_str().unwrap().starts_with("Missing application roles"));
}

#[test]
fn a_client_assertion_is_held_against_the_application() {
    let mut spec = TenantSpec::new(3, Scenario::Good).with_generator(Generator::empty());
    spec.assertion = Some(Assertion::Certificate("thumbprint".to_owned()));
    let desk = Desk::of(spec.clone());
    let client = desk.tenant.client_id.to_string();
    let now = desk.now.as_second();
    let sign = |header: &Value, claims: &Value| {
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        format!("{}.{}.c2lnbmF0dXJl", encode(header), encode(claims))
    };
    let present = |desk: &Desk, assertion: &str| {
        desk.post_form(&[
            ("client_id", &client),
            ("scope", "https://graph.microsoft.com/.default"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion),
            ("grant_type", "client_credentials"),
        ])
        .json
    };
    let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": "thumbprint" });
    let claims = json!({ "iss": client, "sub": client, "nbf": now, "exp": now + 300 });
    assert_eq!(present(&desk, &sign(&header, &claims))["token_type"], "Bearer");
    let other = json!({ "x5t#S256": "another" });
    assert_eq!(present(&desk, &sign(&other, &claims))["error_codes"], json!([700_027]));
    let late = json!({ "iss": client, "sub": client, "exp": now - 1 });
    assert_eq!(present(&desk, &sign(&header, &late))["error_codes"], json!([700_024]));
    assert_eq!(present(&desk, "nonsense")["error_codes"], json!([50027]));

    spec.assertion = Some(Assertion::Federated {
        issuer: "https://idp.example".to_owned(),
        subject: "soc".to_owned(),
        audience: "api://AzureADTokenExchange".to_owned(),
    });
    let desk = Desk::of(spec);
    let foreign = |subject: &str| json!({ "iss": "https://idp.example", "sub": subject, "aud": "api://AzureADTokenExchange", "exp": now + 9 });
    assert_eq!(present(&desk, &sign(&header, &foreign("soc")))["token_type"], "Bearer");
    let refused = present(&desk, &sign(&header, &foreign("cos")));
    assert_eq!(refused["error_codes"], json!([700_213]));
    assert!(refused["error_description"].as_str().unwrap().contains("subject 'cos'"));
}

#[test]
fn a_front_end_in_trouble_answers_without_json() {
    let desk = desk(Scenario::Good);
    desk.simulator.set_faults(
        desk.tenant.tenant_id,
        Faults { entra_status: Some((503, Some(5))), ..Faults::default() },
    );
    let answer = desk.sign_in();
    assert_eq!((answer.status.as_u16(), &answer.json), (503, &Value::Null));
    assert_eq!(answer.headers["retry-after"], "5");
}

#[test]
fn no_debug_output_shows_a_secret_or_a_token() {
    let spec = TenantSpec::new(3, Scenario::Good);
    let debug = format!("{spec:?}");
    let desk = Desk::of(spec);
    let shown = [debug, format!("{:?}", desk.tenant), format!("{:?}", desk.simulator)].concat();
    assert!(!shown.contains(&desk.tenant.secret));
    assert!(!shown.contains(&desk.token));
}
