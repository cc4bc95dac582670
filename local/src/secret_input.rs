//! Where a client secret comes from when one is asked for: never from an argument, which every process on
//! the machine can read.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};

use secrecy::SecretString;

use crate::environment::Environment;
use crate::failure::Failure;

/// Entra's secrets have 40 characters. More than this is not a pasted secret but a file.
const LONGEST: u64 = 4096;

/// From `SOC_ANYWHERE_CLIENT_SECRET`, else from a hidden prompt, else one line from standard input.
pub(crate) fn read(environment: &mut Environment) -> Result<SecretString, Failure> {
    if let Some(secret) = environment.client_secret.take() {
        return Ok(secret);
    }
    if io::stdin().is_terminal() {
        return rpassword::prompt_password("Client secret (its Value; not shown): ").map(Into::into).map_err(
            |error| Failure::Refused(format!("the client secret cannot be read: {}", error.kind())),
        );
    }
    let mut line = String::new();
    io::stdin()
        .lock()
        .take(LONGEST)
        .read_line(&mut line)
        .map_err(|error| Failure::Refused(format!("the client secret cannot be read: {}", error.kind())))?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line.into())
}
