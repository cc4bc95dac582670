//! The simulator behind a socket: HTTP/1.1, for whole-system tests and the desk runner.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use graph_http::Clock;
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::outcome::{Broken, Content, perform};
use crate::simulator::Simulator;

/// How long to wait after a failed `accept`, such as for want of file descriptors.
const AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(100);

/// Serves until it is dropped, and its connections with it. A reset closes the connection without an answer.
pub async fn serve(listener: TcpListener, simulator: Arc<Simulator>, clock: Clock) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if !simulator.is_down() => {
                    connections.spawn(connection(stream, simulator.clone(), clock.clone()));
                }
                Ok(_) => {}
                Err(_) => tokio::time::sleep(AFTER_FAILED_ACCEPT).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, simulator: Arc<Simulator>, clock: Clock) {
    let service = service_fn(|request: http::Request<Incoming>| {
        let (simulator, clock) = (&simulator, &clock);
        async move {
            let (head, body) = request.into_parts();
            let body = whole(body).await.map_err(|_| Broken)?;
            let outcome = simulator.answer(clock.now(), http::Request::from_parts(head, body));
            // An error instead of a response makes hyper close the connection.
            let response: http::Response<Content> = perform(outcome).await.ok_or(Broken)?;
            Ok::<_, Broken>(response)
        }
    });
    // A connection's error is the client's to see.
    let _ = http1::Builder::new()
        .auto_date_header(false)
        .preserve_header_case(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn whole(mut body: Incoming) -> Result<Bytes, io::Error> {
    let mut bytes = BytesMut::new();
    while let Some(frame) =
        std::future::poll_fn(|context| std::pin::Pin::new(&mut body).poll_frame(context)).await
    {
        let frame = frame.map_err(io::Error::other)?;
        if let Ok(data) = frame.into_data() {
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes.freeze())
}
