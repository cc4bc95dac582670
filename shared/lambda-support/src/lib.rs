//! What a bootstrap needs: configuration, secrets, logs.
