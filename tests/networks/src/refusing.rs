//! A port at which nobody answers.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpSocket;

/// A port of loopback at which every connection is refused. It is bound, so that nobody else gets it, and nobody
/// listens there. It is given back when it is dropped.
#[derive(Debug)]
pub struct Refusing {
    address: SocketAddr,
    _bound: TcpSocket,
}

impl Refusing {
    /// A free port.
    ///
    /// # Panics
    /// Where loopback has none.
    #[must_use]
    pub fn bind() -> Self {
        let bound = TcpSocket::new_v4().expect("there is IPv4");
        bound.bind((Ipv4Addr::LOCALHOST, 0).into()).expect("loopback has a free port");
        Self { address: bound.local_addr().expect("it is bound"), _bound: bound }
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn a_connection_is_refused_and_nobody_else_gets_the_port() {
        let nobody = Refusing::bind();
        let refused = TcpStream::connect(nobody.address()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        let taken = TcpListener::bind(nobody.address()).unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::AddrInUse);
    }
}
