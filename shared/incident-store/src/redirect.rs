//! Where an incident's redirects end. When Defender merges two incidents, one becomes a pointer to the
//! other (`redirectIncidentId`), which may itself be merged later; its alerts belong to the last.
//! <https://learn.microsoft.com/graph/api/resources/security-incident>

/// What the store holds under an incident's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Absent,
    /// An incident that stands for itself.
    Incident,
    /// A pointer to the incident with this id.
    Redirected(String),
}

/// The incident to which `start` leads: the last one on the way that the store holds, so that a target
/// which has not arrived yet hides nothing. Of a cycle it is the least id, from wherever one starts.
/// `None` when the store does not hold `start` itself.
///
/// # Errors
/// What `find` fails with.
pub fn home<E>(start: &str, mut find: impl FnMut(&str) -> Result<Found, E>) -> Result<Option<String>, E> {
    let mut path: Vec<String> = Vec::new();
    let mut id = start.to_owned();
    loop {
        if let Some(first) = path.iter().position(|seen| *seen == id) {
            return Ok(path.drain(first..).min());
        }
        match find(&id)? {
            Found::Absent => return Ok(path.pop()),
            Found::Incident => return Ok(Some(id)),
            Found::Redirected(target) => path.push(std::mem::replace(&mut id, target)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// Each letter is an incident; `a>b` one that points to another.
    fn home_among(incidents: &str, start: &str) -> Option<String> {
        let find = |id: &str| -> Result<Found, Infallible> {
            let mut parts = incidents.split(' ').map(|part| part.split_once('>').unwrap_or((part, "")));
            Ok(match parts.find(|(from, _)| *from == id) {
                None => Found::Absent,
                Some((_, "")) => Found::Incident,
                Some((_, target)) => Found::Redirected(target.to_owned()),
            })
        };
        home(start, find).unwrap()
    }

    #[test]
    fn a_chain_leads_to_its_end() {
        assert_eq!(home_among("a", "a").as_deref(), Some("a"));
        assert_eq!(home_among("a>b b>c c", "a").as_deref(), Some("c"));
        assert_eq!(home_among("a>b b>c c", "b").as_deref(), Some("c"));
    }

    #[test]
    fn a_missing_target_leaves_the_last_that_is_there() {
        assert_eq!(home_among("a>b b>c", "a").as_deref(), Some("b"));
        assert_eq!(home_among("a>b", "a").as_deref(), Some("a"));
        assert_eq!(home_among("a", "z"), None);
    }

    #[test]
    fn a_cycle_has_one_home_from_wherever_one_starts() {
        for start in ["b", "c", "d", "x"] {
            assert_eq!(home_among("x>c b>c c>d d>b", start).as_deref(), Some("b"), "from {start}");
        }
        assert_eq!(home_among("a>a", "a").as_deref(), Some("a"));
    }

    #[test]
    fn a_failing_look_up_is_passed_on() {
        assert_eq!(home("a", |_| Err("broken")), Err("broken"));
    }
}
