//! An Entra and Graph tenant on your desk, for tests and the desk runner.
