//! A person at a terminal: what they see, what they type.

use std::io::{Read as _, Write as _};
use std::process::Child;
use std::sync::{Arc, Mutex};

use defender_sim::{Recorded, Scenario};
use pty_process::blocking::{Command, Pty, open};

use crate::support::{Desk, SENTINEL, Tenant, add_line, eventually};

/// A command that runs on a terminal of 80 columns.
struct Terminal {
    child: Child,
    pty: Arc<Pty>,
    screen: Arc<Mutex<String>>,
    reader: std::thread::JoinHandle<()>,
}

impl Terminal {
    fn run(desk: &Desk, line: &str) -> Self {
        let (pty, pts) = open().unwrap();
        pty.resize(pty_process::Size::new(24, 80)).unwrap();
        let pty = Arc::new(pty);
        let plain = desk.command(line);
        let mut command = Command::new(plain.get_program()).args(plain.get_args()).env_clear();
        for (name, value) in plain.get_envs() {
            command = command.env(name, value.unwrap());
        }
        let child = command.env("TERM", "xterm").spawn(pts).unwrap();
        let screen = Arc::new(Mutex::new(String::new()));
        let (from, to) = (pty.clone(), screen.clone());
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // The end of a terminal is an error.
            while let Ok(count @ 1..) = (&*from).read(&mut bytes) {
                to.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        Self { child, pty, screen, reader }
    }

    fn see(&self, text: &str) {
        eventually(text, || self.screen.lock().unwrap().contains(text).then_some(()));
    }

    fn type_in(&self, text: &str) {
        (&*self.pty).write_all(text.as_bytes()).unwrap();
    }

    /// Its exit code and all that it has shown.
    fn end(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        self.reader.join().unwrap();
        let screen = self.screen.lock().unwrap().clone();
        assert!(!screen.contains(SENTINEL), "{screen}");
        (code, screen)
    }
}

fn tokens(tenant: &Tenant) -> usize {
    let is_token = |request: &&Recorded| request.target.ends_with("/oauth2/v2.0/token");
    tenant.simulator.requests().iter().filter(is_token).count()
}

#[test]
fn a_secret_that_is_not_known_yet_is_waited_for_and_then_the_connection_is_entered() {
    let tenant = Tenant::new(Scenario::Good);
    tenant.simulator.replace_secret(tenant.handle.tenant_id, "another~secret.of.forty.characters.00000");
    let desk = Desk::at(&tenant);
    let terminal = Terminal::run(&desk, &add_line(&tenant));
    terminal.see("Cause:");
    terminal.see("waiting for the new secret: next try in ");
    tenant.simulator.replace_secret(tenant.handle.tenant_id, SENTINEL);
    let (code, screen) = terminal.end();
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("The connection is good"), "{screen}");
    assert_eq!(desk.run("connections list --json").json()[0]["name"], "Fabrikam");
}

#[test]
fn ctrl_c_ends_the_wait_with_the_verdict() {
    // A consent is waited for longest.
    let tenant = Tenant::new(Scenario::NoConsent);
    let desk = Desk::at(&tenant);
    let terminal = Terminal::run(&desk, &add_line(&tenant));
    terminal.see("(Ctrl-C ends it)");
    terminal.type_in("\x03");
    let (code, screen) = terminal.end();
    assert_eq!(code, Some(1), "{screen}");
    assert!(
        screen.contains("The wait is ended") && screen.contains("The connection is not saved."),
        "{screen}"
    );
    assert_eq!(desk.run("connections list --json").json(), serde_json::json!([]));
}

#[test]
fn a_secret_that_is_replaced_anyway_is_not_waited_for() {
    let tenant = Tenant::new(Scenario::WrongSecret);
    let desk = Desk::at(&tenant);
    let line = format!("connections set-secret {} --anyway", desk.add(&tenant));
    let (code, screen) = Terminal::run(&desk, &line).end();
    assert_eq!((code, tokens(&tenant)), (Some(0), 1), "{screen}");
    assert!(screen.contains("Cause:") && screen.contains("is replaced."), "{screen}");
    assert!(!screen.contains("waiting for"), "{screen}");
}

#[test]
fn with_json_and_in_a_test_nothing_is_waited_for() {
    let tenant = Tenant::new(Scenario::WrongSecret);
    let desk = Desk::at(&tenant);
    let (tenant_id, client_id) = (tenant.tenant_id(), tenant.client_id());
    for (number, line) in [
        format!("{} --json", add_line(&tenant)),
        format!("test-connection --tenant-id {tenant_id} --client-id {client_id}"),
    ]
    .iter()
    .enumerate()
    {
        let (code, screen) = Terminal::run(&desk, line).end();
        assert_eq!((code, tokens(&tenant)), (Some(1), number + 1), "{line}: {screen}");
    }
}

#[test]
fn a_person_is_asked_before_a_connection_is_removed() {
    let tenant = Tenant::new(Scenario::Good);
    let desk = Desk::at(&tenant);
    let line = format!("connections remove {}", desk.add(&tenant));
    let left = || desk.run("connections list --json").json().as_array().unwrap().len();
    for (answer, code, count) in [("\n", 1, 1), ("no\n", 1, 1), ("y\n", 0, 0)] {
        let terminal = Terminal::run(&desk, &line);
        terminal.see("Remove Fabrikam");
        terminal.see("[y/N]");
        terminal.type_in(answer);
        let (ended, screen) = terminal.end();
        assert_eq!((ended, left()), (Some(code), count), "{answer:?}: {screen}");
    }
    let line = format!("connections remove {} --yes", desk.add(&tenant));
    let (ended, screen) = Terminal::run(&desk, &line).end();
    assert_eq!((ended, left()), (Some(0), 0), "{screen}");
    assert!(!screen.contains("[y/N]"), "{screen}");
}
