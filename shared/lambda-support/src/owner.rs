//! Who asks: the owner that everything is confined to.

use http_api::Problem;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt as _};

/// As long as a store's key has room for.
const LONGEST: usize = 512;

/// The owner behind a request that the HTTP API has authenticated.
///
/// With a JWT it is the claim named `claim`. With IAM it is the user, or the role without its session: whoever
/// may take the same role is the same owner. Principal tags are not among what API Gateway passes on:
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>
///
/// # Errors
/// 401 where nobody was authenticated, 403 where who was has no such claim.
pub fn owner(request: &Request, claim: &str) -> Result<String, Problem> {
    let context = request.request_context_ref();
    let authorizer = context.and_then(RequestContext::authorizer).ok_or_else(Problem::unauthenticated)?;
    let owner = match (&authorizer.jwt, &authorizer.iam) {
        (Some(jwt), _) => jwt.claims.get(claim).map(String::as_str),
        (None, Some(iam)) => iam.user_arn.as_deref().map(without_session),
        (None, None) => return Err(Problem::unauthenticated()),
    };
    let owner = owner.filter(|owner| !owner.trim().is_empty() && owner.len() <= LONGEST);
    owner.map(str::to_owned).ok_or_else(|| Problem::forbidden("Who signed in is nobody's owner here."))
}

/// `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html>
fn without_session(arn: &str) -> &str {
    match arn.rsplit_once('/') {
        Some((role, _session)) if arn.contains(":assumed-role/") => role,
        _ => arn,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// What becomes of a request with this authorizer.
    fn of(authorizer: &Value) -> Result<String, u16> {
        let event = json!({
            "version": "2.0",
            "routeKey": "ANY /connections",
            "rawPath": "/connections",
            "rawQueryString": "",
            "headers": {},
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "api",
                "authorizer": authorizer,
                "http": {"method": "GET", "path": "/connections", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.1"},
                "requestId": "id",
                "stage": "$default",
                "timeEpoch": 0,
            },
            "isBase64Encoded": false,
        });
        let request = lambda_http::request::from_str(&event.to_string()).unwrap();
        owner(&request, "org").map_err(|problem| problem.status)
    }

    fn iam(arn: &str) -> Value {
        json!({"iam": {"userArn": arn, "accountId": "123456789012"}})
    }

    #[test]
    fn a_token_s_owner_is_the_claim_that_was_named() {
        assert_eq!(
            of(&json!({"jwt": {"claims": {"org": "o-1", "sub": "u"}, "scopes": []}})),
            Ok("o-1".into())
        );
        assert_eq!(of(&json!({"jwt": {"claims": {"sub": "u"}}})), Err(403));
        assert_eq!(of(&json!({"jwt": {"claims": {"org": " "}}})), Err(403));
        assert_eq!(of(&json!({"jwt": {"claims": {"org": "x".repeat(513)}}})), Err(403));
    }

    #[test]
    fn a_role_s_sessions_are_one_owner_and_two_roles_are_two() {
        let role = "arn:aws:sts::123456789012:assumed-role/analysts";
        for session in ["zoe@example.com", "i-0abc", "a/b"] {
            assert_eq!(of(&iam(&format!("{role}/{}", session.replace('/', "-")))), Ok(role.into()));
        }
        let user = "arn:aws:iam::123456789012:user/team/zoe";
        assert_eq!(of(&iam(user)), Ok(user.into()));
        assert_eq!(of(&iam("")), Err(403));
    }

    #[test]
    fn nobody_is_no_owner() {
        assert_eq!(of(&Value::Null), Err(401));
        assert_eq!(of(&json!({})), Err(401));
        assert_eq!(of(&json!({"lambda": {"org": "o-1"}})), Err(401));
    }
}
