//! Who asks: the owner that everything is confined to, and the person, for audits.

use http_api::{Caller, Problem};
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt as _};

use crate::{BadSetting, Config};

/// As long as a store's key has room for.
const LONGEST: usize = 512;

/// Whose requests are answered: those of one HTTP API. Whoever invokes the function past it could name any owner.
#[derive(Clone, Debug)]
pub struct Callers {
    api: String,
    owner_claim: String,
    actor_claim: String,
}

impl Callers {
    /// As the environment says.
    ///
    /// # Errors
    /// [`BadSetting::Missing`], when no API is named.
    pub fn of(config: &Config) -> Result<Self, BadSetting> {
        let api = config.api.clone().ok_or(BadSetting::Missing("SOC_ANYWHERE_API_ID"))?;
        Ok(Self { api, owner_claim: config.owner_claim.clone(), actor_claim: config.actor_claim.clone() })
    }

    /// Who has sent a request that the HTTP API has authenticated.
    ///
    /// With a JWT the owner is its issuer with the owner's claim. With IAM it is the unique id of the user or of the
    /// role: whoever may take the same role is the same owner, and a role that was made anew under an old name is
    /// another one. <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
    /// Principal tags are not among what API Gateway passes on:
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>
    ///
    /// # Errors
    /// 403 where the request is another API's, 401 where nobody was authenticated, 403 where who was is no owner.
    pub fn caller(&self, request: &Request) -> Result<Caller, Problem> {
        let context = request.request_context_ref();
        let Some(RequestContext::ApiGatewayV2(own)) = context else {
            return Err(Problem::unauthenticated());
        };
        if own.apiid.as_deref() != Some(&self.api) {
            return Err(Problem::forbidden("This is not the HTTP API that is answered here."));
        }
        let authorizer = own.authorizer.as_ref().ok_or_else(Problem::unauthenticated)?;
        let nobody = || Problem::forbidden("Who signed in is nobody's owner here.");
        let (owner, person) = match (&authorizer.jwt, &authorizer.iam) {
            (Some(jwt), _) => {
                let claim = |name: &str| jwt.claims.get(name).map(String::as_str);
                let owner =
                    claim("iss").zip(claim(&self.owner_claim).filter(|owner| !owner.trim().is_empty()));
                // An issuer has no fragment, so that no two pairs are one text:
                // https://openid.net/specs/openid-connect-core-1_0.html#IDToken
                (owner.map(|(issuer, owner)| format!("jwt:{issuer}#{owner}")), claim(&self.actor_claim))
            }
            (None, Some(iam)) => {
                let id = iam.user_id.as_deref().filter(|id| !id.is_empty());
                let (id, person) = id.map_or((None, None), |id| match id.split_once(':') {
                    // A role's id, and the session's name.
                    Some((role, session)) if id.starts_with("AROA") => (Some(role), Some(session)),
                    _ => (Some(id), iam.user_arn.as_deref().and_then(|arn| arn.rsplit('/').next())),
                });
                (id.map(|id| format!("iam:{id}")), person)
            }
            (None, None) => return Err(Problem::unauthenticated()),
        };
        let owner = owner.filter(|owner| owner.len() <= LONGEST).ok_or_else(nobody)?;
        let person = person.filter(|person| !person.is_empty() && person.len() <= LONGEST);
        Ok(Caller { owner, person: person.map(str::to_owned) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn request(authorizer: &Value, api: &str) -> Request {
        let event = json!({
            "version": "2.0",
            "routeKey": "GET /connections",
            "rawPath": "/connections",
            "rawQueryString": "",
            "headers": {},
            "requestContext": {
                "accountId": "123456789012",
                "apiId": api,
                "authorizer": authorizer,
                "http": {"method": "GET", "path": "/connections", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.1"},
                "requestId": "id",
                "stage": "$default",
                "timeEpoch": 0,
            },
            "isBase64Encoded": false,
        });
        lambda_http::request::from_str(&event.to_string()).unwrap()
    }

    fn callers() -> Callers {
        Callers { api: "own".into(), owner_claim: "org".into(), actor_claim: "sub".into() }
    }

    /// What becomes of a request with this authorizer.
    fn of(authorizer: &Value) -> Result<(String, Option<String>), u16> {
        let caller = callers().caller(&request(authorizer, "own"));
        caller.map(|caller| (caller.owner, caller.person)).map_err(|problem| problem.status)
    }

    fn iam(id: &str, arn: &str) -> Value {
        json!({"iam": {"userArn": arn, "userId": id, "accountId": "123456789012"}})
    }

    fn named(owner: &str, person: &str) -> (String, Option<String>) {
        (owner.into(), Some(person.into()))
    }

    #[test]
    fn a_token_s_owner_is_its_issuer_with_the_claim_that_was_named() {
        let jwt = |claims: Value| of(&json!({"jwt": {"claims": claims, "scopes": []}}));
        let issuer = "https://issuer.example.com";
        assert_eq!(
            jwt(json!({"iss": issuer, "org": "o-1", "sub": "u"})),
            Ok(named("jwt:https://issuer.example.com#o-1", "u"))
        );
        assert_eq!(
            jwt(json!({"iss": issuer, "org": "o-1"})),
            Ok(("jwt:https://issuer.example.com#o-1".into(), None))
        );
        for claims in [
            json!({"iss": issuer, "sub": "u"}),
            json!({"org": "o-1", "sub": "u"}),
            json!({"iss": issuer, "org": " "}),
            json!({"iss": issuer, "org": "x".repeat(513)}),
        ] {
            assert_eq!(jwt(claims), Err(403));
        }
    }

    #[test]
    fn a_role_s_sessions_are_one_owner_and_a_role_made_anew_is_another() {
        let session = |id: &str, session: &str| {
            let arn = format!("arn:aws:sts::123456789012:assumed-role/analysts/{session}");
            of(&iam(&format!("{id}:{session}"), &arn))
        };
        assert_eq!(session("AROAONE", "zoe@example.com"), Ok(named("iam:AROAONE", "zoe@example.com")));
        assert_eq!(session("AROAONE", "i-0abc"), Ok(named("iam:AROAONE", "i-0abc")));
        assert_eq!(session("AROATWO", "zoe@example.com"), Ok(named("iam:AROATWO", "zoe@example.com")));
        let user = "arn:aws:iam::123456789012:user/team/zoe";
        assert_eq!(of(&iam("AIDAONE", user)), Ok(named("iam:AIDAONE", "zoe")));
        // Two federated users of one account are two.
        let federated = "arn:aws:sts::123456789012:federated-user/max";
        assert_eq!(of(&iam("123456789012:max", federated)), Ok(named("iam:123456789012:max", "max")));
        assert_eq!(of(&iam("", user)), Err(403));
        assert_eq!(of(&json!({"iam": {"userArn": user}})), Err(403), "a name is no owner");
    }

    #[test]
    fn an_issuer_cannot_name_an_iam_owner() {
        let claims = json!({"iss": "iam:AROAONE", "org": "", "sub": "u"});
        assert_eq!(of(&json!({"jwt": {"claims": claims}})), Err(403));
        let claims = json!({"iss": "x", "org": "iam:AROAONE"});
        assert_eq!(of(&json!({"jwt": {"claims": claims}})), Ok(("jwt:x#iam:AROAONE".into(), None)));
    }

    #[test]
    fn nobody_is_no_owner() {
        assert_eq!(of(&Value::Null), Err(401));
        assert_eq!(of(&json!({})), Err(401));
        assert_eq!(of(&json!({"lambda": {"org": "o-1"}})), Err(401));
    }

    #[test]
    fn another_api_s_request_is_refused_whoever_it_names() {
        let zoe = iam("AIDAONE", "arn:aws:iam::123456789012:user/zoe");
        for other in ["", "other", "OWN"] {
            let refused = callers().caller(&request(&zoe, other)).unwrap_err();
            assert_eq!(refused.status, 403, "{other}");
        }
    }
}
