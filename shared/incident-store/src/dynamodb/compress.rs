//! gzip (RFC 1952), which every language reads.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use crate::StoreError;
use crate::stored::unreadable;

/// Records are JSON with much in common: they shrink to a fifth or less.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4 + 64), Compression::default());
    // Writing to memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

pub(super) fn gunzip(bytes: &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut plain = Vec::with_capacity(bytes.len().saturating_mul(5));
    GzDecoder::new(bytes).read_to_end(&mut plain).map_err(|_| unreadable("compressed bytes"))?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_compressed_comes_back_and_what_was_not_is_unreadable() {
        for bytes in [&b""[..], b"{}", &b"long ".repeat(100_000), b"\xff\xfe\x00"] {
            assert_eq!(gunzip(&gzip(bytes)).unwrap(), bytes);
        }
        assert!(matches!(gunzip(b"no gzip"), Err(StoreError::Corrupt(_))));
        let cut = &gzip(&b"long ".repeat(1000))[..20];
        assert!(matches!(gunzip(cut), Err(StoreError::Corrupt(_))));
    }
}
