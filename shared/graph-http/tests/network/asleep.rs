//! A process that slept: its connections died, and nobody told it.

use graph_http::{Clock, Connecting, HttpsTransport};
use jiff::{SignedDuration, Timestamp};
use networks::{Authority, Front, Shown};

use crate::support::{LIMITS, Protocol, Server, ask, trusting};

struct Scene {
    server: Server,
    front: Front,
    clock: Clock,
    transport: HttpsTransport,
}

impl Scene {
    async fn new(protocol: Protocol) -> Self {
        let authority = Authority::new("Inspection CA");
        let server = Server::start(protocol).await;
        let front = Front::start(authority.server(Shown::Good, protocol.name()), server.address).await;
        let clock = Clock::held(Timestamp::UNIX_EPOCH);
        let transport =
            HttpsTransport::over(trusting(&authority), Connecting::within(LIMITS.time), clock.clone());
        Self { server, front, clock, transport }
    }

    /// One try, which must be answered.
    async fn ask(&self) {
        assert_eq!(ask(&self.transport, &self.front.origin()).await.unwrap().body, "yes");
    }
}

fn seconds(seconds: i64) -> SignedDuration {
    SignedDuration::from_secs(seconds)
}

#[tokio::test]
async fn after_a_sleep_the_first_try_is_answered_over_a_new_connection() {
    for protocol in Protocol::ALL {
        for sleep in [seconds(61), seconds(8 * 3600), seconds(-3600)] {
            let scene = Scene::new(protocol).await;
            scene.ask().await;
            scene.front.forget();
            scene.clock.advance(sleep);
            scene.ask().await;
            // Each arrived once.
            let counts = (scene.server.asked(), scene.front.opened());
            assert_eq!(counts, (2, 2), "{protocol:?} {sleep:?}");
        }
    }
}

#[tokio::test]
async fn a_connection_that_answered_within_a_minute_is_used_again() {
    for protocol in Protocol::ALL {
        let scene = Scene::new(protocol).await;
        for _ in 0..4 {
            scene.ask().await;
            scene.clock.advance(seconds(60));
        }
        assert_eq!((scene.server.asked(), scene.front.opened()), (4, 1), "{protocol:?}");
    }
}

/// Entra is asked once an hour where Graph is asked every minute.
#[tokio::test]
async fn a_host_that_answers_says_nothing_of_another_one() {
    let authority = Authority::new("Inspection CA");
    let server = Server::start(Protocol::Http2).await;
    let tls = authority.server(Shown::Good, "h2");
    let often = Front::start(tls.clone(), server.address).await;
    let seldom = Front::start(tls, server.address).await;
    let clock = Clock::held(Timestamp::UNIX_EPOCH);
    let transport =
        HttpsTransport::over(trusting(&authority), Connecting::within(LIMITS.time), clock.clone());
    ask(&transport, &seldom.origin()).await.unwrap();
    seldom.forget();
    for _ in 0..3 {
        ask(&transport, &often.origin()).await.unwrap();
        clock.advance(seconds(30));
    }
    ask(&transport, &seldom.origin()).await.unwrap();
    assert_eq!((server.asked(), often.opened(), seldom.opened()), (5, 1, 2));
}

/// What a frozen process finds when it wakes is an answer from before.
#[tokio::test]
async fn an_answer_that_was_slept_through_keeps_no_connection() {
    let scene = Scene::new(Protocol::Http2).await;
    scene.ask().await;
    let (asked, origin) = (scene.server.asked(), scene.front.origin());
    scene.server.hold();
    let held = tokio::spawn({
        let transport = scene.transport.clone();
        async move { ask(&transport, &origin).await.unwrap() }
    });
    scene.server.wait_for(asked + 1).await;
    scene.clock.advance(seconds(3600));
    scene.server.release();
    held.await.unwrap();
    scene.front.forget();
    scene.ask().await;
    assert_eq!((scene.server.asked(), scene.front.opened()), (asked + 2, 2));
}
